"""Names that secrets stand under: of fields whose values no log shows, of headers that are for named sites alone."""

import re

names_secret = re.compile(
    r"passw|secret|token|authorization|cookie|credential(?!s?_id)|passphrase|api[-_]?key|private[-_]?key"
    r"|(?:^|[-_.])(?:key|pwd|pin|otp|totp)$",
    re.I,
).search
"""Whether what has this name is likely to open something."""
