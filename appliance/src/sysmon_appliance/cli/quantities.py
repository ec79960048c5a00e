"""Numbers as people read them."""

_STEPS = ("", "k", "M", "G", "T", "P")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi")


def ratio_text(value: float) -> str:
    return f"{value * 100:.0f}%"


def bytes_text(value: float) -> str:
    """Show 1536 as 1.5 KiB."""
    return _scaled(value, 1024, _BINARY) + "B"


def number_text(value: float) -> str:
    """Show 1500 as 1.5 k; what is below a thousand keeps two digits."""
    if abs(value) >= 1000:
        return _scaled(value, 1000, _STEPS).rstrip()
    return f"{value:.2f}".rstrip("0").rstrip(".")


def duration_text(seconds: float) -> str:
    """Show the two largest units: 3 d 4 h."""
    parts: list[str] = []
    rest = int(max(seconds, 0))
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def in_unit(value: float, unit: str) -> str:
    """Format a value by its metric's unit, which is UCUM's."""
    match unit:
        case "1":
            return ratio_text(value)
        case "By":
            return bytes_text(value)
        case "By/s":
            return bytes_text(value) + "/s"
        case "s":
            return duration_text(value)
        case "Cel":
            return f"{value:.0f} °C"
        case _:
            return number_text(value)


def _scaled(value: float, base: int, names: tuple[str, ...]) -> str:
    step = 0
    while abs(value) >= base and step < len(names) - 1:
        value /= base
        step += 1
    digits = 0 if step == 0 or abs(value) >= 100 else 1
    return f"{value:.{digits}f} {names[step]}"
