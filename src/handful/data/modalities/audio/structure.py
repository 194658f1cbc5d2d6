"""Does a sound file reach its own end?

Sound decoders forgive a file that was cut: a WAV cut in half plays, only shorter. This walks each
container without decoding a sample and compares what it promises with what it holds.
"""

from __future__ import annotations

import zlib

from handful.data.modalities.boxes import BrokenBox, CutBox, walk
from handful.data.modalities.reading import Unreadable

_STREAMED = 0x7FFF_F000
"""Programs that write WAV to a pipe leave at least this as length: they cannot go back."""


def check(mime: str, data: bytes) -> tuple[str, ...]:
    """Compare what a sound file promises with what it holds.

    Args:
        mime: The sniffed type.
        data: The whole file.

    Returns:
        Codes of repairs that reading it needs: `audio/length_unknown`, `audio/no_end_mark`, or
        none. A FLAC holds the hash of its own samples, which `read` compares.

    Raises:
        Unreadable: When the file ends before its sound does, or is broken inside.
    """
    if mime == "audio/wav":
        return _check_wav(data)
    if mime == "audio/aiff":
        return _check_aiff(data)
    if mime == "audio/ogg":
        return _check_ogg(data)
    if mime == "audio/mpeg":
        return _check_mpeg(data)
    if mime == "audio/mp4":
        return _check_mp4(data)
    return _check_adts(data) if mime == "audio/aac" else ()


def _check_wav(data: bytes) -> tuple[str, ...]:
    """Find the chunk `data`: four letters, a length, the content padded to an even length."""
    place = 12
    while place + 8 <= len(data):
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        if data[place : place + 4] == b"data":
            held = len(data) - place - 8
            if length >= _STREAMED > len(data):
                return ("audio/length_unknown",)
            if data[:4] != b"RF64" and length > held:
                raise _cut(length, held)
            if not held:
                raise Unreadable("audio/empty")
            return ()
        place += 8 + length + length % 2
    raise Unreadable("audio/empty")


def _check_aiff(data: bytes) -> tuple[str, ...]:
    promised = int.from_bytes(data[4:8], "big") + 8
    if promised > len(data):
        raise _cut(promised, len(data))
    return ()


def _check_ogg(data: bytes) -> tuple[str, ...]:
    """Walk the pages; each names the sizes of its segments, and the last one bears an end mark.

    Source: RFC 3533, section 6.
    """
    place, flags = 0, 0
    while data[place : place + 4] == b"OggS" and place + 27 <= len(data):
        flags, segments = data[place + 5], data[place + 26]
        sizes = data[place + 27 : place + 27 + segments]
        end = place + 27 + segments + sum(sizes)
        if len(sizes) < segments or end > len(data):
            raise _cut(end, len(data))
        if _page_checksum(data[place:end]) != data[place + 22 : place + 26]:
            raise Unreadable("audio/damaged", error="a checksum is wrong")
        place = end
    if data.find(b"OggS", place) >= 0:
        raise Unreadable("audio/damaged", error=f"byte {place} should begin a page and does not")
    return () if flags & 4 else ("audio/no_end_mark",)


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _page_checksum(page: bytes) -> bytes:
    """CRC-32 of a page whose own checksum counts as zero.

    Ogg feeds each byte's highest bit first and zlib its lowest, so zlib is given the mirror image,
    and its result is mirrored back; neither the start value nor the end mask of zlib applies.
    """
    blank = page[:22] + bytes(4) + page[26:]
    check = zlib.crc32(blank.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    # Mirroring 32 bits mirrors each byte and their order; the file has the lowest byte first.
    return check.to_bytes(4, "big").translate(_MIRRORED)


def _check_mp4(data: bytes) -> tuple[str, ...]:
    """The boxes reach the end of the file, and one of them describes the sound."""
    try:
        kinds = {box.kind for box in walk(data, 0, len(data))}
    except CutBox as error:
        raise _cut(len(data) + 1, len(data)) from error
    except BrokenBox as error:
        raise Unreadable("audio/damaged", error=error) from error
    if b"moov" not in kinds:  # phones write it last, so a cut recording has none
        raise Unreadable("audio/damaged", error="it does not describe its own sound")
    return ()


def _check_adts(data: bytes) -> tuple[str, ...]:
    """Walk the frames of bare AAC; each says how long it is.

    Source: ISO/IEC 13818-7, section 6.2.
    """
    place, frames = 0, 0
    while place + 7 <= len(data) and data[place] == 0xFF and data[place + 1] & 0xF6 == 0xF0:
        size = (data[place + 3] & 3) << 11 | data[place + 4] << 3 | data[place + 5] >> 5
        if size < 7:
            raise Unreadable("audio/damaged", error=f"byte {place} should begin a frame")
        if place + size > len(data):
            raise _cut(place + size, len(data))
        place += size
        frames += 1
    if not frames or (
        place < len(data) and data[place : place + 3] not in (b"TAG", b"APE", b"ID3")
    ):
        raise Unreadable("audio/damaged", error=f"byte {place} should begin a frame and does not")
    return ()


def _check_mpeg(data: bytes) -> tuple[str, ...]:
    """Walk the frames of an MP3.

    Decoding a broken one makes the decoder write to the terminal and skip what it cannot read, so
    the walk comes first.
    """
    start = place = _after_tag(data)
    frames = 0
    while (size := _frame_size(data[place : place + 4])) > 0:
        if place + size > len(data):
            raise _cut(place + size, len(data))
        place += size
        frames += 1
    if not frames or _frames_again(data, place):
        raise Unreadable("audio/damaged", error=f"byte {place} should begin a frame and does not")
    promised = _promised_frames(data, start)
    if frames < promised:  # the count leaves the first frame out, and some encoders another
        raise Unreadable("audio/truncated", promised=f"{promised} frames", held=f"{frames - 1}")
    if promised and frames - 1 > promised + 1:
        error = f"its header counts {promised} frames and it holds {frames - 1}"
        raise Unreadable("audio/damaged", error=error)
    return ()


def _promised_frames(data: bytes, place: int) -> int:
    """How many frames follow the first one, which encoders use to say so; 0 when it does not."""
    first = data[place : place + _frame_size(data[place : place + 4])]
    for mark in (b"Xing", b"Info"):
        at = first.find(mark, 4, 64)
        if at > 0 and first[at + 7 : at + 8] and first[at + 7] & 1:
            return int.from_bytes(first[at + 8 : at + 12], "big")
    return 0


def _after_tag(data: bytes) -> int:
    """Skip ID3 tags, whose length is written in four bytes of seven bits."""
    place = 0
    while data[place : place + 3] == b"ID3" and place + 10 <= len(data):
        length = 0
        for byte in data[place + 6 : place + 10]:
            length = length << 7 | byte & 0x7F
        place += 10 + length
    while place < len(data) and data[place] == 0:
        place += 1
    return place


def _frames_again(data: bytes, place: int) -> bool:
    """Whether sound goes on behind a gap; tags and padding at the end are no gap."""
    while 0 <= (place := data.find(b"\xff", place)) < len(data) - 4:
        size = _frame_size(data[place : place + 4])
        if size and _frame_size(data[place + size : place + size + 4]):
            return True
        place += 1
    return False


_V1_L1 = (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448)
_V1_L2 = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_V1_L3 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V2_L1 = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_V2_L23 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _frame_size(header: bytes) -> int:
    """Bytes of an MPEG audio frame, or 0 where the four bytes begin none.

    Source: ISO/IEC 11172-3, section 2.4.1.3, and 13818-3 for the lower rates.
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or not 1 <= bitrate <= 14 or rate == 3:
        return 0
    if version == 3:
        kbit = (_V1_L1, _V1_L2, _V1_L3)[layer - 1][bitrate - 1]
    else:
        kbit = (_V2_L1, _V2_L23, _V2_L23)[layer - 1][bitrate - 1]
    hertz = _RATES[version][rate]
    if layer == 1:
        return (12_000 * kbit // hertz + padding) * 4
    per_frame = 72_000 if layer == 3 and version != 3 else 144_000
    return per_frame * kbit // hertz + padding


def _cut(promised: int, held: int) -> Unreadable:
    return Unreadable("audio/truncated", promised=f"{promised} bytes", held=f"{held}")
