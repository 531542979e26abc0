"""Pickles read as data: nothing that they name is looked up, called or built.

`pickletools` takes a pickle apart without running it, and its instructions are followed here with
steps that only move data. One that would call or build something leaves a `Call`: a name and
arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pickletools import genops
from typing import IO, Any

_MAX_INSTRUCTIONS = 5_000_000
_DICTIONARIES = ("collections.OrderedDict", "collections.defaultdict", "builtins.dict")


@dataclass(frozen=True)
class Name:
    """A function or a class, which is looked up nowhere."""

    path: str


@dataclass(frozen=True, eq=False)
class Call:
    """A call that is not made: the name of the function, and the arguments."""

    path: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Storage:
    """The storage of a tensor's numbers."""

    key: str
    type: str
    """The name of a class of torch, such as FloatStorage."""


class Machine:
    """Follows the instructions of pickles on a stack, and calls nothing that they name."""

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, file: IO[bytes]) -> Any:
        """Return what a pickle holds, and leave the file behind its end.

        Raises:
            ValueError: An instruction is unknown, or there are millions.
        """
        self.stack, self.memo = [], {}
        for count, (code, argument, _) in enumerate(genops(file)):
            if count == _MAX_INSTRUCTIONS or code.name not in _STEPS:
                raise ValueError(f"its pickle is too long or has an unknown step {code.name}")
            _STEPS[code.name](self, argument)
        return self.stack.pop()

    def push(self, value: Any) -> None:
        """Put a value on top of the stack."""
        self.stack.append(value)

    def pop_to_mark(self) -> list[Any]:
        """Take all that was put on the stack since the last mark, and the mark."""
        return list(iter(self.stack.pop, _MARK))[::-1]

    def keep(self, place: int) -> None:
        """Remember what is on top."""
        self.memo[place] = self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        """Add to the list on top; whatever else is there stays as it is."""
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        """Add keys and values in turn to the dictionary on top, if it is one."""
        if isinstance(self.stack[-1], dict):
            pairs = zip(items[::2], items[1::2], strict=True)
            # Other keys name no weights, and one could be made that takes forever to hash.
            self.stack[-1].update((key, value) for key, value in pairs if type(key) in (str, int))

    def call(self, called: Any, arguments: Any) -> None:
        """Put a placeholder of a call on the stack; only dictionaries are made."""
        path = called.path if isinstance(called, Name) else "an object"
        self.push({} if path in _DICTIONARIES else Call(path, arguments))
        # Python 2 gives an ordered dictionary all its pairs at once.
        if path in _DICTIONARIES and arguments and isinstance(arguments[0], list):
            self.update([part for pair in arguments[0] for part in pair])

    def call_popped(self, count: int) -> None:
        """Call with the arguments, of the last ``count`` things on the stack, that come first."""
        called, arguments, *_ = [self.stack.pop() for _ in range(count)][::-1]
        self.call(called, arguments)

    def storage(self) -> None:
        """Take a storage's description: kind, type, key, device, length and, once, views of it."""
        kind, storage_type, key, _, _, *views = self.stack.pop()
        if kind != "storage" or type(key) is not str or any(views):
            raise ValueError("its tensors are stored in a way that is not read")
        self.storages[key] = Storage(key, storage_type.path.rpartition(".")[2])
        self.push(self.storages[key])


_MARK = object()
_CONSTANTS = (
    "BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT BINSTRING SHORT_BINSTRING BINUNICODE"
    " SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8"
)
_STEPS: dict[str, Callable[[Machine, Any], object]] = {
    **dict.fromkeys(_CONSTANTS.split(), Machine.push),
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda m, _: None),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "MARK": lambda m, _: m.push(_MARK),
    "POP": lambda m, _: m.stack.pop(),
    "POP_MARK": lambda m, _: m.pop_to_mark(),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), Machine.keep),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, place: m.push(m.memo[place])),
    "MEMOIZE": lambda m, _: m.keep(len(m.memo)),
    # Of a set only that there is one.
    **dict.fromkeys(("EMPTY_LIST", "EMPTY_SET"), lambda m, _: m.push([])),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "TUPLE1": lambda m, _: m.push((m.stack.pop(),)),
    "TUPLE2": lambda m, _: m.push(tuple([m.stack.pop(), m.stack.pop()][::-1])),
    "TUPLE3": lambda m, _: m.push(tuple([m.stack.pop() for _ in range(3)][::-1])),
    "TUPLE": lambda m, _: m.push(tuple(m.pop_to_mark())),
    "FROZENSET": lambda m, _: m.push(m.pop_to_mark()),
    "APPEND": lambda m, _: m.extend([m.stack.pop()]),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda m, _: m.extend(m.pop_to_mark())),
    "SETITEM": lambda m, _: m.update([m.stack.pop(), m.stack.pop()][::-1]),
    "SETITEMS": lambda m, _: m.update(m.pop_to_mark()),
    "GLOBAL": lambda m, names: m.push(Name(names.replace(" ", "."))),
    "STACK_GLOBAL": lambda m, _: m.push(Name(".".join([m.stack.pop(), m.stack.pop()][::-1]))),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), lambda m, _: m.call_popped(2)),
    "NEWOBJ_EX": lambda m, _: m.call_popped(3),
    "BUILD": lambda m, _: m.stack.pop(),
    "BINPERSID": lambda m, _: m.storage(),
}
"""The action of each instruction of protocols 2 to 5; the older two cannot hold tensors."""
