"""Options as attributes by name, for classes of others that want it: `set` and `get` are all they need.

zmqpy's own classes have descriptors instead (_core/options.pyx), and count as subclasses of AttributeSetter all the same.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, TypeVar, Union

from zmqpy import constants
from zmqpy._core.context import Context
from zmqpy._core.frame import Frame
from zmqpy._core.socket import Socket

T = TypeVar("T")
OptValT = Union[str, bytes, int]


class AttributeSetter(metaclass=ABCMeta):  # noqa: B024 - for register alone
    """Attributes named like a constant, in any case, are options: `set(number, value)` and `get(number)`.

    Attributes of the class itself, and those that an instance has in its `__dict__`, are just that.
    """

    def __setattr__(self, key: str, value: Any) -> None:
        if key in self.__dict__ or any(
            key in vars(base) or key in vars(base).get("__annotations__", ()) for base in type(self).__mro__
        ):
            object.__setattr__(self, key, value)
        else:
            self._set_attr_opt(key.upper(), self._option(key), value)

    def __getattr__(self, key: str) -> Any:
        return self._get_attr_opt(key.upper(), self._option(key))

    def _option(self, key: str) -> int:
        option = getattr(constants, key.upper(), None)
        if not isinstance(option, int):
            raise AttributeError(f"{type(self).__name__} has no such option: {key.upper()}")
        return option

    def _set_attr_opt(self, name: str, opt: int, value: Any) -> None:
        """Sets the option `name`. To be replaced where an attribute is not just an option."""
        self.set(opt, value)

    def _get_attr_opt(self, name: str, opt: int) -> OptValT:
        """The value of the option `name`."""
        return self.get(opt)

    def get(self, option: int) -> OptValT:
        """The value of an option. For subclasses."""
        raise NotImplementedError("override in subclass")

    def set(self, option: int, value: Any) -> None:
        """Sets an option. For subclasses."""
        raise NotImplementedError("override in subclass")


for _class in (Context, Socket, Frame):
    AttributeSetter.register(_class)

__all__ = ["AttributeSetter"]
