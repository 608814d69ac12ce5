"""Judge the submissions of a class, DIR/<learner>/<drill_id>.py.

`submissions` finds them, `results` is the file of JSON lines that remembers them, `crew` and
`ray_crew` are the judges at work (processes here, or actors of Ray), and `run` hands out batches
and collects. The results file is the record: a class's verdicts are not one's own progress, so
they stay out of the progress database, and only the driver writes them.
"""
