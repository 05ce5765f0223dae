"""Arrays as messages (Socket.send_array, recv_array): [JSON with dtype and shape] [the elements], without a copy on either side.

An array is whatever has a buffer (numpy, array.array, memoryview, ...) or is a tensor of the CPU that offers it by `__dlpack__`. numpy is
made use of where it is installed, and not needed. The header is that of the recipe in pyzmq's guide, so its functions understand both.
"""

from __future__ import annotations

import ctypes
import json
import math
import re
import sys
from typing import Any

_CPU = (1, 3)  # kDLCPU, kDLCUDAHost
_SWAP = {"little": "<", "big": ">"}
_NATIVE = _SWAP[sys.byteorder]
_KINDS = {"?": "b", **dict.fromkeys("bhilqn", "i"), **dict.fromkeys("BHILQN", "u"), **dict.fromkeys("efdg", "f")}
_TYPE = re.compile(
    r"[<>|=]?[A-Za-z?]+[0-9]{0,10}(\[[0-9]{0,9}[A-Za-zμ]+\])?"
)  # of numpy's language: it dies of some of the rest
_FORMATS = {
    "b1": "?",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
}


# ---- sending ----


def parts_of(array: Any) -> list[Any]:
    """The message of an array: its header, and its elements where they lie. Raises TypeError for what is none."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(array, numpy.ndarray):
        return _parts_of_numpy(numpy, array)
    try:
        view = memoryview(array)
    except TypeError:
        if not hasattr(array, "__dlpack__"):
            raise TypeError(
                f"an array, or what has a buffer or __dlpack__, is needed, not {type(array).__name__}"
            ) from None
        return _parts_of_tensor(array)
    dtype = _dtype_of_format(view.format, view.itemsize)
    return [_header(dtype, view.shape), view if view.c_contiguous else view.tobytes()]


def _header(dtype: Any, shape: Any, order: str = "C") -> bytes:
    fields = {"dtype": dtype, "shape": list(shape)}
    if order != "C":
        fields["order"] = order
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def _parts_of_numpy(numpy: Any, array: Any) -> list[Any]:
    dtype = array.dtype
    if dtype.hasobject:
        raise TypeError("arrays of Python objects have no bytes to be sent: use send_pyobj")
    order = "C"
    data = array
    if not array.flags.c_contiguous:
        if array.flags.f_contiguous:
            order, data = "F", array.T
        else:
            data = numpy.ascontiguousarray(array)  # the only copy
    if dtype.kind in "mM":  # dates have no buffer
        data = data.view("i8")
    described = numpy.lib.format.dtype_to_descr(dtype) if dtype.fields else dtype.str
    try:
        return [_header(described, array.shape, order), data.data if data.size else b""]
    except (ValueError, BufferError) as error:
        raise TypeError(
            f"elements of type {dtype!s:.80} have no buffer to be sent from: dates in a structure have none"
        ) from error


def _dtype_of_format(text: str, size: int) -> str:
    """The array protocol's type of struct's format."""
    code = text.lstrip("@=<>!")
    byteorder = ">" if text[:1] in (">", "!") else "<" if text[:1] == "<" else _NATIVE
    kind = _KINDS.get(code)
    if code == "c":
        return "|S1"
    if kind is None:
        raise TypeError(f"elements of format {text!r} cannot be sent as an array")
    return f"{'|' if size == 1 else byteorder}{kind}{size}"


# ---- DLPack ----


class _Tensor(ctypes.Structure):
    """DLTensor of dlpack.h."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


_CODES = {0: "i", 1: "u", 2: "f", 5: "c", 6: "b"}

_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype = ctypes.c_void_p
_get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _parts_of_tensor(tensor: Any) -> list[Any]:
    device = tensor.__dlpack_device__()[0] if hasattr(tensor, "__dlpack_device__") else 1
    if int(device) not in _CPU:
        raise TypeError("the tensor is not in the CPU's memory: move it there first")
    capsule = tensor.__dlpack__()
    found = _Tensor.from_address(_get_pointer(capsule, b"dltensor"))
    kind = _CODES.get(found.code)
    if kind is None or found.lanes != 1 or found.bits % 8:
        raise TypeError(
            "elements of this kind (bfloat16, for example) have no dtype to be sent by: view them as another"
        )
    shape = tuple(found.shape[: found.ndim]) if found.ndim else ()
    size = found.bits // 8
    if math.prod(shape) and found.strides and not _is_contiguous(shape, tuple(found.strides[: found.ndim])):
        raise TypeError("the tensor is not contiguous: make it so first")
    count = math.prod(shape) * size
    memory: Any = (
        (ctypes.c_char * count).from_address((found.data or 0) + found.byte_offset) if count else (ctypes.c_char * 0)()
    )
    memory.owner = capsule  # which frees it when it is collected
    return [_header(f"{'|' if size == 1 else _NATIVE}{kind}{size}", shape), memory]


def _is_contiguous(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    expected = 1
    for length, stride in zip(reversed(shape), reversed(strides)):
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True


# ---- receiving ----


def array_of(frames: list[Any]) -> Any:
    """The array of a message: numpy's if that is installed, else a memoryview. It lies in the last frame's memory.

    Raises ValueError if the message is none: its header may be anybody's, and is believed in nothing.
    """
    if len(frames) != 2:
        raise ValueError(f"an array has two frames, not {len(frames)}")
    try:
        return _array_of(frames)
    except (RecursionError, OverflowError, MemoryError) as error:  # nested too deeply, or numbers too large
        raise ValueError(f"not the header of an array: {bytes(frames[0])[:80]!r}") from error


def _array_of(frames: list[Any]) -> Any:
    try:
        header = json.loads(bytes(frames[0]))
        dtype, shape, order = header["dtype"], header["shape"], header.get("order", "C")
        fits = isinstance(shape, list) and all(type(length) is int and length >= 0 for length in shape)
        if not fits or len(shape) > 32 or order not in ("C", "F"):
            raise ValueError("shape or order")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the header of an array: {bytes(frames[0])[:80]!r}") from error
    try:
        import numpy
    except ImportError:
        return _view(frames[1], dtype, shape, order)
    try:
        described = (
            numpy.lib.format.descr_to_dtype(_tuples(dtype)) if isinstance(dtype, list) else numpy.dtype(_checked(dtype))
        )
    except (TypeError, ValueError, KeyError, IndexError, SyntaxError) as error:
        raise ValueError(f"not a type of elements: {dtype!r:.80}") from error
    if described.hasobject or described.itemsize == 0:
        raise ValueError(f"not a type of elements to be received: {dtype!r:.80}")
    _check_size(frames[1], described.itemsize, shape)
    if math.prod(shape) == 0:
        return numpy.empty(shape, described)
    return numpy.frombuffer(frames[1], described).reshape(shape, order=order)


def _checked(name: Any) -> str:
    """The name of an elementary type, as numpy may be given it: M8[s/0] ends a process."""
    if not isinstance(name, str) or not _TYPE.fullmatch(name):
        raise ValueError("not the name of a type")
    return name


def _tuples(descr: Any) -> Any:
    """What JSON has made lists of, as numpy wants it."""
    return [
        (
            tuple(name) if isinstance(name, list) else name,
            _tuples(kind) if isinstance(kind, list) else _checked(kind),
            *(tuple(one) for one in shape),
        )
        for name, kind, *shape in descr
    ]


def _check_size(frame: Any, itemsize: int, shape: list[int]) -> None:
    size = memoryview(frame).nbytes
    if size != math.prod(shape) * itemsize:
        raise ValueError(f"{size} bytes are no array of shape {tuple(shape)} with {itemsize} bytes an element")


def _view(frame: Any, dtype: Any, shape: list[int], order: str) -> Any:
    """Without numpy."""
    text = str(dtype)
    code = _FORMATS.get(text.lstrip("<>|="))
    if code is None or text[:1] in {"<", ">"} - {_NATIVE} or order != "C":
        raise ValueError(f"elements of type {text!r:.80} in order {order} need numpy")
    view: Any = memoryview(frame).cast("B")
    _check_size(view, int(text.lstrip("<>|=")[1:]), shape)
    if math.prod(shape) == 0:
        return view.cast(code)
    return view.cast(code, shape) if shape else view.cast(code)


__all__ = ["array_of", "parts_of"]
