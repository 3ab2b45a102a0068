// What both sides of the parsers' module know: where things are in its memory, in bytes, and what numbers stand for. It never grows: bodies go
// through it in pieces.

/** Bytes to read; what lies up to 64 bytes before and behind is looked at too, and does not count. */
export const INPUT = 0x10000
export const INPUT_BYTES = 0x20000
/** Where each number starts and ends. */
export const CELLS = 0x30100
export const MOST_CELLS = 0x8000
/** The numbers, float32. */
export const VALUES = 0x70200
/** In formats that leave some out: where among the values each belongs. */
export const PLACES = 0x90300
/** 64 KiB each. */
export const PAGES = 12

/** Text that is written, where cells are otherwise, and what stands before and after each number in it. */
export const TEXT = CELLS
export const BEFORE = PLACES
export const AFTER = BEFORE + 16
/** Numbers that one call writes: each takes up to 24 bytes, and 16 before and after it. */
export const MOST_TEXTS = 0x1000

/** How a call ended: for want of bytes or room; */
export const WANTS_MORE = 0
/** at what is not read; */
export const IS_ODD = 1
/** at the end of a list. */
export const HAS_ENDED = 2

/** What `readNumbers` is to make of what is no plain number: ask, and stop where it is not finite; */
export const FINITE = 0
/** ask, and go on whatever it is; */
export const ANY = 1
/** stop there. */
export const NONE = 2
