"""Calls: tools that a row describes, and the uses that the assistant makes of them, as exact JSON text."""

import json
from typing import Any

import orjson

from studio.data.parsing import DEEPEST, Twice, depth_of, once
from studio.data.problem import Problem
from studio.data.texts import Refused
from studio.domain.row import Call

CALL_FIX = 'Write each call as {"name": "…", "arguments": { … }}.'
TOOLS_FIX = 'Write them as [{"name": "…", "description": "…", "parameters": { … }}], or leave the field out.'


def tools_text(held: Any, *, field: str) -> str:
    """Descriptions of tools as the JSON text of a list in the way of OpenAI; "" where there are none."""
    if held is None or (isinstance(held, str) and not held.strip()):
        return ""
    listed = _loaded(held, path=field) if isinstance(held, str) else held
    if not isinstance(listed, list):
        raise Refused(Problem(f"The field “{field}” is not a JSON list of tools.", TOOLS_FIX, field=field))
    return _written([_tool(tool, path=f"{field}[{place}]") for place, tool in enumerate(listed)]) if listed else ""


def _tool(tool: Any, *, path: str) -> dict[str, Any]:
    """One description with the frame that OpenAI writes around it; what is inside stays as it is."""
    inner = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(inner, dict) or not _is_name(inner.get("name")):
        raise Refused(Problem("A tool is described without a name.", TOOLS_FIX, field=path))
    return tool if "function" in tool else {"type": "function", "function": tool}


def calls_of(held: Any, *, path: str) -> list[Call]:
    """The calls of a message: an object or a list of them, or the JSON text of either."""
    listed = _loaded(held, path=path) if isinstance(held, str) else held
    listed = listed if isinstance(listed, list) else [listed]
    return [_call(each, path=f"{path}[{place}]" if len(listed) > 1 else path) for place, each in enumerate(listed)]


def _call(held: Any, *, path: str) -> Call:
    inner = held.get("function", held) if isinstance(held, dict) else None
    if not isinstance(inner, dict) or not _is_name(inner.get("name")):
        raise Refused(Problem("A tool call is not JSON with a name and arguments.", CALL_FIX, field=path))
    arguments = inner.get("arguments", {})
    if isinstance(arguments, str):
        arguments = _loaded(arguments, path=f"{path}.arguments") if arguments.strip() else {}
    if not isinstance(arguments, dict):
        reason = "The arguments of a tool call are not a JSON object."
        raise Refused(Problem(reason, CALL_FIX, field=f"{path}.arguments"))
    return Call(inner["name"], _written(arguments))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and bool(name.strip())


def _loaded(text: str, *, path: str) -> Any:
    """What a JSON text says, every number exactly; None where it is none."""
    try:
        if depth_of(orjson.loads(text)) > DEEPEST:
            return None
        return json.loads(text, object_pairs_hook=once)
    except orjson.JSONDecodeError:
        return None
    except Twice as twice:
        raise Refused(Problem(f"The field “{twice}” is written twice.", "Keep one of the two.", field=path)) from twice


def _written(value: Any) -> str:
    """As chat templates write JSON, so that what is shown is what a model reads."""
    return json.dumps(value, ensure_ascii=False)
