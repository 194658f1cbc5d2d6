"""Bring a picture in the colours its own profile describes to the colours everything else is in.

Phones write Display P3, scanners Adobe RGB, printers CMYK: the same numbers mean other colours.
Pictures without a profile are sRGB by agreement. A profile that cannot be used is left out and
said, since a picture with colours slightly off is worth more than none.
"""

from __future__ import annotations

import functools
import io

from PIL import Image, ImageCms

MOST = 4_000_000
"""Bytes of the largest profile that is looked at; those of printers reach 3 MB."""

_SRGB = b"sRGB"
_SPACES = {"RGB": "RGB", "RGBA": "RGB", "L": "GRAY", "CMYK": "CMYK"}


def needs_care(profile: bytes | None) -> bool:
    """Whether a profile says something that has to be computed.

    Args:
        profile: As embedded; None or empty for none.
    """
    return bool(profile) and not _is_srgb(profile or b"")


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Compute the picture in sRGB.

    Args:
        image: Decoded, in a mode of its file.
        profile: As embedded in the file.

    Returns:
        The same picture as RGB, or RGBA where it was; None when the profile cannot be used.
    """
    if len(profile) > MOST or _SPACES.get(image.mode) is None:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES[image.mode]:
            return None
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        plain = image.convert("RGB") if alpha else image
        turned = ImageCms.profileToProfile(plain, source, _target(), outputMode="RGB")
    except Exception:  # the profile's parser raises whatever the bytes make it stumble over
        return None
    if turned is not None and alpha is not None:
        turned.putalpha(alpha)
    return turned


@functools.cache
def _target() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _is_srgb(profile: bytes) -> bool:
    """By its description, in Latin-1 or UTF-16; what claims to be sRGB is taken as such."""
    head = profile[:4096]
    return _SRGB in head or _SRGB.decode().encode("utf-16-be") in head
