"""Py3AMF's side of the comparison.

Each line of input asks for one thing; each line of output answers it.

    read VERSION HEX    what the bytes say, in the words of describe.rs
    write VERSION CODE  the bytes of what a Python expression makes
"""

import datetime
import struct
import sys
import traceback
from xml.etree import ElementTree

import pyamf
import pyamf.flex
from pyamf import amf3, xml

EPOCH = datetime.datetime(1970, 1, 1)


class Sealed:
    """A class whose members are sealed."""

    class __amf__:
        static = ("x", "y")
        dynamic = False

    def __init__(self, x=None, y=None):
        self.x, self.y = x, y


class Open:
    """A class whose members are not."""

    class __amf__:
        dynamic = True


pyamf.register_class(Sealed, "Sealed")
pyamf.register_class(Open, "Open")


def opened(**members):
    made = Open()
    made.__dict__.update(members)
    return made


def cyclic():
    made = []
    made.append(made)
    return made


def shared(one, wrap=list):
    return wrap([one, one])


class Describer:
    def __init__(self, version):
        self.version = version
        self.met = {}
        self.kept = []

    def value(self, value):
        if value is None:
            return "null"
        if value is pyamf.Undefined:
            return "undefined"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            if isinstance(value, int) and self.version == 3:
                return str(value)
            return struct.pack(">d", value).hex()
        if isinstance(value, str):
            return text(value)
        if isinstance(value, bytes):
            return text(value.decode())
        number = self.met.get(id(value))
        if number is not None:
            return f"#{number}"
        number = self.met[id(value)] = len(self.met)
        self.kept.append(value)
        return f"#{number}={self.object(value)}"

    def object(self, value):
        if isinstance(value, amf3.ByteArray):
            return "bytes " + value.getvalue().hex()
        if isinstance(value, datetime.datetime):
            milliseconds = (value - EPOCH) / datetime.timedelta(milliseconds=1)
            return f"date {struct.pack('>d', milliseconds).hex()} 0"
        if isinstance(value, pyamf.flex.ArrayCollection):
            # Py3AMF drops the list within, which counts as an object for us.
            number = len(self.met)
            self.met[("list of", id(value))] = number
            inner = ",".join(self.value(item) for item in value)
            return f"external {text('flex.messaging.io.ArrayCollection')} (#{number}=array {{}} [{inner}])"
        if isinstance(value, pyamf.MixedArray):
            named = [(key, item) for key, item in value.items() if not isinstance(key, int)]
            dense = [item for key, item in sorted((k, v) for k, v in value.items() if isinstance(k, int))]
            if self.version == 0:
                return "array {" + self.members(list(enumerate(dense)) + named) + "}"
            named = self.members(named)
            return f"array {{{named}}} [{','.join(self.value(item) for item in dense)}]"
        if isinstance(value, list):
            if self.version == 0:
                return "array {" + self.members(enumerate(value)) + "}"
            return f"array {{}} [{','.join(self.value(item) for item in value)}]"
        if isinstance(value, tuple):
            entries, weak = value
            told = ",".join(f"{self.value(k)}:{self.value(v)}" for k, v in entries.items())
            return f"dictionary weak={str(weak).lower()} {{{told}}}"
        if isinstance(value, Sealed):
            return f"object {text('Sealed')} {{{self.members([('x', value.x), ('y', value.y)])}}}{{}}"
        if isinstance(value, Open):
            return f"object {text('Open')} {{}}{{{self.members(value.__dict__.items())}}}"
        if isinstance(value, pyamf.TypedObject):
            return f"object {text(value.alias)} {{}}{{{self.members(value.items())}}}"
        if isinstance(value, dict):
            return f"object {text('')} {{}}{{{self.members(value.items())}}}"
        if xml.is_xml(value):
            return "xml " + text(ElementTree.tostring(value).decode())
        raise TypeError(f"what is {value!r}?")

    def members(self, members):
        return ",".join(f"{text(str(name))}:{self.value(item)}" for name, item in members)


def text(value):
    return f"'{value.encode().hex()}'"


def main():
    for line in sys.stdin:
        action, version, argument = line.rstrip("\n").split(" ", 2)
        version = int(version)
        try:
            if action == "read":
                decoder = pyamf.get_decoder(version, stream=bytes.fromhex(argument))
                answer = Describer(version).value(decoder.readElement())
                left = len(decoder.stream) - decoder.stream.tell()
                answer = answer if left == 0 else f"{left} bytes are left of {answer}"
            else:
                encoder = pyamf.get_encoder(version)
                encoder.writeElement(eval(argument))
                answer = encoder.stream.getvalue().hex()
        except Exception as error:
            traceback.print_exc()
            answer = f"{type(error).__name__}: {error}"
        print(answer)


main()
