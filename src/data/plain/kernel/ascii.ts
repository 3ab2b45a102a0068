// Bytes of text, by what they are in it.
export const COMMA: u8 = 0x2c
export const SPACE: u8 = 0x20
export const COLON: u8 = 0x3a
export const LF: u8 = 0x0a
export const CR: u8 = 0x0d
export const OPENING: u8 = 0x5b
export const CLOSING: u8 = 0x5d
export const LEFT: u8 = 0x7b
export const RIGHT: u8 = 0x7d
export const MINUS: u8 = 0x2d
export const PLUS: u8 = 0x2b
export const POINT: u8 = 0x2e
export const ZERO: u8 = 0x30
