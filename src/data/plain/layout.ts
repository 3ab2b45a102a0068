// What both sides of the parsers' module share: where things are in its memory, in bytes, and what its codes mean.
// The memory never grows: bodies go through it in pieces.

/** Bytes to read. Up to 64 bytes before and behind them are loaded too, and ignored. */
export const INPUT = 0x10000
export const INPUT_BYTES = 0x20000
/** Where each number starts and ends. */
export const CELLS = 0x30100
export const MOST_CELLS = 0x8000
/** The numbers, float32. */
export const VALUES = 0x70200
/** In sparse formats: where each value belongs. */
export const PLACES = 0x90300
/** 64 KiB each. */
export const PAGES = 12

/** Text that is written, in the place of CELLS, and what stands before and after each number in it. */
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

/** What `readNumbers` does with anything but a plain number: ask the host, and stop if it is not finite; */
export const FINITE = 0
/** ask the host, and go on whatever it is; */
export const ANY = 1
/** stop. */
export const NONE = 2
