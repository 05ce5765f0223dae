"""Public names and signatures of the modules for event loops, against those of the pyzmq that is installed."""

import importlib
import inspect

import pytest

import zmqpy

pytestmark = [pytest.mark.extension, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

pytest.importorskip("zmq")

CLASSES = [
    ("asyncio", "Context"),
    ("asyncio", "Socket"),
    ("asyncio", "Poller"),
    ("eventloop.zmqstream", "ZMQStream"),
    ("eventloop.future", "Context"),
    ("eventloop.future", "Socket"),
    ("eventloop.future", "Poller"),
    ("green", "Context"),
    ("green", "Socket"),
    ("green", "Poller"),
    ("green.eventloop.zmqstream", "ZMQStream"),
]


def modules(name):
    for library in ("tornado", "gevent"):
        if (name.startswith("eventloop") and library == "tornado") or name.startswith("green"):
            pytest.importorskip(library)
    return importlib.import_module(f"zmq.{name}"), importlib.import_module(f"zmqpy.{name}")


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def defined(module):
    """What a module of pyzmq's does not only import from elsewhere."""
    return {
        name
        for name in public(module)
        if getattr(getattr(module, name), "__module__", "").startswith("zmq.")
        and hasattr(getattr(module, name), "__name__")
    }


@pytest.mark.parametrize(
    "name",
    [
        *sorted({module for module, _ in CLASSES}),
        "eventloop",
        "eventloop.ioloop",
        "green.eventloop",
        "green.eventloop.ioloop",
    ],
)
def test_names_of_the_module(name):
    theirs, ours = modules(name)
    assert not set(getattr(theirs, "__all__", ())) - set(getattr(ours, "__all__", ())) - {"Enum", "IntEnum", "IntFlag"}
    assert not defined(theirs) - public(ours)


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_names_of_the_class(module, name):
    theirs, ours = (getattr(each, name) for each in modules(module))
    assert not public(theirs) - public(ours)
    assert not hasattr(zmqpy, name) or issubclass(ours, getattr(zmqpy, name))


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_signatures(module, name):
    """Every call that pyzmq's take, ours take too, with the same defaults."""
    theirs, ours = (getattr(each, name) for each in modules(module))
    for method in sorted(public(theirs) | {"__init__"}):
        there, here = getattr(theirs, method), getattr(ours, method)
        try:
            expected, found = inspect.signature(there), inspect.signature(here)
        except (TypeError, ValueError):  # no function, or one that does not say
            continue
        assert not differences(expected, found), f"{name}.{method}: {expected} there, {found} here"


def differences(expected, found):
    """Parameters that a call could use there and not here."""
    any_name = any(p.kind is p.VAR_KEYWORD for p in found.parameters.values())
    for position, (name, parameter) in enumerate(expected.parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        same = found.parameters.get(name)
        if parameter.kind is parameter.POSITIONAL_ONLY:
            same = list(found.parameters.values())[position]
        elif same is None:
            if parameter.kind is parameter.KEYWORD_ONLY and any_name:
                continue
            return name
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD and list(found.parameters).index(name) != position:
            return name
        if parameter.default is not parameter.empty and same.default != parameter.default:
            return name
    return None
