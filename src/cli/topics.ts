/** Help that belongs to no single verb. */
export const topics: Readonly<Record<string, string>> = {
  'exit-codes': `Exit codes

  0    fine
  1    found a problem, or met one: damage found by verify, replay or recover, files that an import could not
       read, a refused command, a version conflict, a store that is busy, full or not writable; something
       differs (diff), it never begins to hold (bisect), or it is not shown again (reproduce)
  2    wrong use: an unknown verb or option, an invalid command, a session, version or home that is not there,
       settings that may not be so
  130  ended by Ctrl-C while following, importing or playing

An error is told on stderr: what happened after "waymark:", and what to do next after "hint:".
Under --json it is one line: {"error":{"code","message","hint"}}. Codes are stable, messages are not.`,
  environment: `Environment

  WAYMARK_HOME    the home to work with; --home goes before it
  WAYMARK_SESSION a session that waymark doctor looks for, beside the one that is typed
  WAYMARK_LAYOUT  "aligned" or "tsv": how text is laid out, whether or not stdout is a terminal
  WAYMARK_<KEY>   a setting, such as WAYMARK_AUTO_CHECKPOINT=false: the last part of its key in capitals; waymark config
                  lists the keys; --set goes before it, files after it
  WAYMARK_DEBUG   1 prints where a fault in waymark came from
  NO_COLOR        no colour, as --no-color
  FORCE_COLOR     colour even where stdout is no terminal
  TERM            "dumb": no colour, no progress`,
}
