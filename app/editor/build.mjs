// Bundles src/editor.js and CodeMirror into one ES module, bundle.js, which is committed so
// that running the app needs no Node. Run `npm ci && npm run build` here after a change.
// Also strips registry addresses from the lock file and collects the licences of what it bundles.
import { build } from "esbuild"
import { readFile, writeFile } from "node:fs/promises"

const result = await build({
  entryPoints: ["src/editor.js"],
  outfile: "bundle.js",
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  charset: "utf8",
  metafile: true,
  banner: { js: "/* Whetstone's code editor on CodeMirror 6. Built by build.mjs; licences in LICENSES.txt. */" },
})

const packages = new Set()
for (const path of Object.keys(result.metafile.inputs)) {
  const match = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)
  if (match) packages.add(match[1])
}
const texts = []
for (const name of [...packages].sort()) {
  const licence = await readFile(`node_modules/${name}/LICENSE`, "utf8")
  const { version } = JSON.parse(await readFile(`node_modules/${name}/package.json`, "utf8"))
  texts.push(`${name} ${version}\n\n${licence.trim()}\n`)
}
await writeFile("LICENSES.txt", texts.join("\n" + "-".repeat(72) + "\n\n"))

const lock = JSON.parse(await readFile("package-lock.json", "utf8"))
for (const entry of Object.values(lock.packages)) delete entry.resolved
await writeFile("package-lock.json", JSON.stringify(lock, null, 2) + "\n")
