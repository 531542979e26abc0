"""One cell of a row of text, written without touching another byte of the row."""

import csv
import io
import re
from collections.abc import Iterator

from artstyle.collection.text_table import RawRow, TextTable
from artstyle.errors import DataError, UsageError
from artstyle.styles.names import visible

# UTF-8 may be mixed with Windows-1252. In both, signs that csv knows are single bytes of ASCII,
# which Latin-1 keeps in their places, whatever the other bytes are.
_BYTE_FOR_BYTE = "latin-1"


def with_cell(table: TextTable, row: RawRow, at: int, text: str, codec: str) -> RawRow:
    """Return a row that has another text in one column.

    A shorter row is filled up with empty fields. Quotes around the former text stay.

    Args:
        table: How the row is written.
        row: Not an empty one.
        at: The column, from 0.
        text: Without spaces at its start.
        codec: The encoding of the text in a table of ``utf-8``, in which Windows-1252 may be.

    Raises:
        UsageError: The encoding does not have the letters of the text.
        DataError: The row's other fields would not be the same.
    """
    said = _BYTE_FOR_BYTE if table.codec == "utf-8" else table.codec
    content = row.raw.decode(said)
    body, end = _ended(content)
    spans = list(_spans(body, table.delimiter))
    missing = at + 1 - len(spans)
    body += table.delimiter * max(missing, 0)
    start, stop = spans[at] if missing <= 0 else (len(body), len(body))
    cell = _encodable(
        table, _delimited(text, table.delimiter, quoted=body[start:stop].startswith('"')), codec
    )
    raw = (body[:start] + cell + body[stop:] + end).encode(said)
    fields = [*row.fields, *[""] * max(missing, 0)]
    fields[at] = text
    _require_same(table, row.line, raw, fields)
    return row._replace(fields=fields, raw=raw)


def _ended(content: str) -> tuple[str, str]:
    """Return a row without and with only its end: a line's, or the Ctrl-Z that ends a DOS text."""
    ends = ("\r\n", "\n", "\r")
    end = next((end for end in ends if content.endswith(end)), "")
    body = content.removesuffix(end) if end else content.rstrip("\0\x1a")
    return body, content[len(body) :]


def _spans(body: str, delimiter: str) -> Iterator[tuple[int, int]]:
    """Yield where the fields begin and end, with their quotes, without spaces before them."""
    other = f"[^{re.escape(delimiter)}]*"
    field = re.compile(rf' *+("(?:[^"]|"")*+"{other}|{other})')
    at = 0
    while at <= len(body):
        found = field.match(body, at)
        assert found is not None  # Both parts of it fit nothing too.
        yield found.span(1)
        at = found.end() + 1


def _delimited(text: str, delimiter: str, *, quoted: bool) -> str:
    if not text and not quoted:
        return ""
    stream = io.StringIO()
    write = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    write.writerow([text])
    cell = stream.getvalue().removesuffix("\r\n")
    return f'"{cell}"' if quoted and not cell.startswith('"') else cell


def _encodable(table: TextTable, cell: str, codec: str) -> str:
    """Return a cell as the row's text spells it."""
    if table.codec != "utf-8":
        return cell
    try:
        return cell.encode(codec).decode(_BYTE_FOR_BYTE)
    except UnicodeEncodeError:
        raise UsageError(
            f"{table.path} is in Windows-1252, which does not have the letters of"
            f" '{visible(cell)}'; save it as UTF-8"
        ) from None


def _require_same(table: TextTable, line: int, raw: bytes, fields: list[str]) -> None:
    read = [row.fields for row in table.parsed(io.BytesIO(table.mark + raw))]
    if read != [fields]:
        raise DataError(
            f"{table.path} line {line}: its quotes are not closed in the usual way, so that no"
            " single cell can be changed; save the table again"
        )
