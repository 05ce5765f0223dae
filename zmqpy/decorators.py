"""Decorators that make a context or a socket for the time of a call and pass it to the function.

@context()
@socket(zmq.PUSH)
def work(context, push): ...
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable

import zmqpy

_Function = Callable[..., Any]


class _Decorator:
    """Calls the function with `make(...)` entered as a context manager: as the next positional argument, or as `name`."""

    def __init__(self, make: Callable[..., Any] | None = None):
        self._make = make

    def process(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[str | None, tuple[Any, ...], dict[str, Any]]:
        """Takes the name for the keyword argument, if there is one, off the decorator's arguments."""
        name: str | None = kwargs.pop("name", None)
        if name is None and args and isinstance(args[0], str):
            name, args = args[0], args[1:]
        return name, args, kwargs

    def target(self, call_args: tuple[Any, ...], call_kwargs: dict[str, Any]) -> Callable[..., Any]:
        """What makes the object for one call of the function."""
        assert self._make is not None
        return self._make

    def __call__(self, *args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
        name, args, kwargs = self.process(args, dict(kwargs))

        def decorate(function: _Function) -> _Function:
            @wraps(function)
            def call(*call_args: Any, **call_kwargs: Any) -> Any:
                with self.target(call_args, call_kwargs)(*args, **kwargs) as made:
                    if name is None:
                        call_args = (*call_args, made)
                    elif name in call_kwargs:
                        raise TypeError(f"{function.__name__}() got multiple values for argument {name!r}")
                    else:
                        call_kwargs[name] = made
                    return function(*call_args, **call_kwargs)

            return call

        return decorate


class _SocketDecorator(_Decorator):
    """Finds the context among the function's arguments; without one takes Context.instance()."""

    def __init__(self) -> None:
        super().__init__()

    def process(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[str | None, tuple[Any, ...], dict[str, Any]]:
        self.context_name = kwargs.pop("context_name", "context")
        return super().process(args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
        # Each use has a context_name of its own.
        fresh = _SocketDecorator()
        return super(_SocketDecorator, fresh).__call__(*args, **kwargs)

    def target(self, call_args: tuple[Any, ...], call_kwargs: dict[str, Any]) -> Callable[..., Any]:
        found = call_kwargs.get(self.context_name)
        if isinstance(found, zmqpy.Context):
            socket: Callable[..., Any] = found.socket
            return socket
        for argument in call_args:
            if isinstance(argument, zmqpy.Context):
                return argument.socket
        shared: Callable[..., Any] = zmqpy.Context.instance().socket
        return shared


def context(*args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
    """Passes a new Context, destroyed after the call. context(name=None, *args of Context, **kwargs of Context)"""
    return _Decorator(zmqpy.Context)(*args, **kwargs)


def socket(*args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
    """Passes a new Socket, closed after the call.

    socket(name=None, socket_type, **kwargs of Context.socket); context_name="context" names the argument with the context.
    """
    return _SocketDecorator()(*args, **kwargs)


__all__ = ("context", "socket")
