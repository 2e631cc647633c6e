"""The syntax tree of a compiled expression, as the engine serialises it.

The engine gives a `cel.expr.CheckedExpr` (https://github.com/google/cel-spec, proto/cel/expr,
read 2026-11) in protobuf's wire format, but ships no Python classes for it. The few messages that
are read here are described in code; fields that are left out are kept by protobuf as unknown.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

_SCALARS = {"int32": 5, "int64": 3, "uint64": 4, "bool": 8, "double": 1, "string": 9, "bytes": 12}

_MESSAGES = {
    "Constant": "1 int32 null|2 bool bool|3 int64 int|4 uint64 uint|5 double double"
    "|6 string string|7 bytes bytes",
    "Ident": "1 string name",
    "Select": "1 Expr operand|2 string field|3 bool test_only",
    "Call": "1 Expr target|2 string function|3 *Expr args",
    "CreateList": "1 *Expr elements|2 *int32 optional_indices",
    "Entry": "1 int64 id|2 string field_key|3 Expr map_key|4 Expr value|5 bool optional_entry",
    "CreateStruct": "1 string message_name|2 *Entry entries",
    "Comprehension": "1 string iter_var|2 Expr iter_range|3 string accu_var|4 Expr accu_init"
    "|5 Expr loop_condition|6 Expr loop_step|7 Expr result|8 string iter_var2",
    "Expr": "2 int64 id|3 Constant const|4 Ident ident|5 Select select|6 Call call"
    "|7 CreateList list|8 CreateStruct struct|9 Comprehension comprehension",
    "Position": "1 int64 key|2 int32 value",
    "MacroCall": "1 int64 key|2 Expr value",
    "SourceInfo": "3 *int32 line_offsets|4 *Position positions|5 *MacroCall macro_calls",
    "CheckedExpr": "4 Expr expr|5 SourceInfo source_info",
}


_ONE_OF = ("Constant", "Expr")


@cache
def checked_class() -> Any:
    """The message class of a checked expression; made once, when first asked for."""
    file = descriptor_pb2.FileDescriptorProto(
        name="bridge/checked.proto", package="cel.expr", syntax="proto2"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for line in fields.split("|"):
            number, kind, field_name = line.split()
            label = 3 if kind.startswith("*") else 1
            kind = kind.lstrip("*")
            added = message.field.add(name=field_name, number=int(number), label=label)
            if kind in _SCALARS:
                added.type = _SCALARS[kind]
            else:
                added.type, added.type_name = 11, f".cel.expr.{kind}"
            if name in _ONE_OF and field_name != "id":
                added.oneof_index = 0
        if name in _ONE_OF:
            message.oneof_decl.add(name="kind")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("cel.expr.CheckedExpr")
    return message_factory.GetMessageClass(found)


def decode(serialized: bytes) -> Any:
    """The checked expression inside what `Expression.serialize()` of the engine gives."""
    return checked_class().FromString(any_pb2.Any.FromString(serialized).value)


def encode(checked: Any, node: Any) -> bytes:
    """What the engine reads back as the expression that one node of a checked one is."""
    part = checked_class()()
    part.CopyFrom(checked)
    part.expr.CopyFrom(node)
    url = "type.googleapis.com/cel.expr.CheckedExpr"
    wrapped = any_pb2.Any(type_url=url, value=part.SerializeToString())
    return bytes(wrapped.SerializeToString())
