/** The version of this package, as files that it writes name their maker. A test holds it to package.json. */
export const waymarkVersion = '0.1.0'
