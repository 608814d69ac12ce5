"""Which NVIDIA GPUs this machine has, asked of the driver itself: no torch, no program started."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

LIBRARIES = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")


@dataclass(frozen=True)
class Gpu:
    """One device: its name, memory in bytes, and compute capability such as (9, 0)."""

    name: str
    memory: int
    capability: tuple[int, int]


class DriverError(RuntimeError):
    """There is a CUDA driver, but it answers with an error."""


def gpus() -> list[Gpu]:
    """The GPUs that the CUDA driver offers; none without a driver. Raises DriverError.

    The function names are those of the CUDA driver API.
    """
    driver = _driver()
    if driver is None:
        return []
    code = driver.cuInit(0)
    if code == 100:  # CUDA_ERROR_NO_DEVICE
        return []
    if code:
        raise DriverError(f"cuInit returned error {code}")
    count = ctypes.c_int()
    _ask(driver, "cuDeviceGetCount", ctypes.byref(count))
    return [_gpu(driver, number) for number in range(count.value)]


def _driver() -> ctypes.CDLL | None:
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _gpu(driver: ctypes.CDLL, number: int) -> Gpu:
    device = ctypes.c_int()
    _ask(driver, "cuDeviceGet", ctypes.byref(device), number)
    name = ctypes.create_string_buffer(256)
    _ask(driver, "cuDeviceGetName", name, len(name), device)
    memory = ctypes.c_size_t()
    _ask(driver, "cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    major, minor = _attribute(driver, 75, device), _attribute(driver, 76, device)
    return Gpu(name.value.decode("utf-8", "replace"), memory.value, (major, minor))


def _attribute(driver: ctypes.CDLL, attribute: int, device: ctypes.c_int) -> int:
    """75 and 76 are CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""
    value = ctypes.c_int()
    _ask(driver, "cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
    return value.value


def _ask(driver: ctypes.CDLL, function: str, *arguments: object) -> None:
    code = getattr(driver, function)(*arguments)
    if code:
        raise DriverError(f"{function} returned error {code}")
