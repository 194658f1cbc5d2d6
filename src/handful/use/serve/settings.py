"""What a server allows and how much it holds: the content of `serve.toml` in a project."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from handful.foundation.errors import require
from handful.use.watch import guards, stages

FILE = "serve.toml"
"""Its name in the project's folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Limits of a server; every cap is looked at before anything is decoded."""

    host: str = "127.0.0.1"
    """Address to listen on. Any but this machine's own needs keys: `handful serve keys`."""
    port: int = 8000
    """Port to listen on; 0 takes a free one."""
    hosts: tuple[str, ...] = ()
    """Names that a request may call the server by, beside this machine's own. They are looked at
    as long as there are no keys, so that no web page reaches the server through a browser."""
    body_bytes: int = 64_000_000
    """Largest request."""
    items: int = 64
    """Most items of one request."""
    image_bytes: int = 20_000_000
    """Largest picture file."""
    image_pixels: int = 50_000_000
    """Largest width x height, read from the head of the file."""
    audio_bytes: int = 50_000_000
    """Largest sound file."""
    audio_seconds: float = 120.0
    """Longest sound."""
    text_bytes: int = 2_000_000
    """Largest text or document."""
    text_characters: int = 100_000
    """Longest text."""
    queue_items: int = 256
    """Items that may be inside at once; more are told to come back later (429)."""
    batch_items: int = 16
    """Items that are answered together at most; what waits is taken, nothing is waited for."""
    deadline_s: float = 10.0
    """Seconds after which a request is given up (504); `x-deadline-ms` asks for less."""
    body_s: float = 30.0
    """Seconds that a client may take to send a request (408)."""
    decoders: int = 2
    """Files that are decoded at once."""
    cache_bytes: int = 64_000_000
    """Memory for answers that were given before; 0 remembers none."""
    drain_s: float = 10.0
    """Seconds that running requests get after the server was told to stop."""
    follow_s: float = 0.5
    """Seconds between looks at the shelf, where the champion is served."""
    watch: guards.Config = field(default_factory=guards.Config)
    """What a new champion is held to, beside the one before it."""
    canary: stages.Config = field(default_factory=stages.Config)
    """How a challenger is tried beside the champion, before it becomes champion."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(0 <= self.port <= 65_535, "port", self.port, "in [0, 65535]")
        above_zero = (
            "body_bytes", "items", "image_bytes", "image_pixels", "audio_bytes", "audio_seconds",
            "text_bytes", "text_characters", "queue_items", "batch_items", "deadline_s", "body_s",
            "decoders", "follow_s",
        )  # fmt: skip
        for name in above_zero:
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        for name in ("cache_bytes", "drain_s"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        require(
            self.image_pixels <= 170_000_000, "image_pixels", self.image_pixels, "170000000 or less"
        )
        enough = self.queue_items >= self.items
        require(enough, "queue_items", self.queue_items, f"at least `items`, {self.items}")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
