"""Insert Object for Krita: draw a selection, pick a class, get a generated object as a new layer."""


def _inside_krita() -> bool:
    try:
        import krita
    except ImportError:
        return False
    return hasattr(krita, "Krita")


if _inside_krita():
    from .extension import register

    register()
