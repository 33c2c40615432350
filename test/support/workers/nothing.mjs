/** Ends at once: for a process id that nobody has any more. */
process.exitCode = 0
