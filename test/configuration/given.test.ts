/** Settings that a program gives when it opens a home: checked like those of a file. */
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import { Waymark } from '../../src/session/waymark.ts'

async function open(settings: unknown): Promise<Waymark> {
  // What a caller without types hands in.
  return Waymark.open({ store: new MemoryLog(), settings } as OpenOptions)
}

describe('settings given by a program', () => {
  it.each([
    [{ maxParallelSessions: 0 }, 'settings.maxParallelSessions is 0'],
    [{ maxParallelSessions: 'x' }, 'settings.maxParallelSessions is "x"'],
    [{ checkpointIntervalMinutes: -3 }, 'settings.checkpointIntervalMinutes is -3'],
    [{ checkpointIntervalMinutes: Number.NaN }, 'settings.checkpointIntervalMinutes is NaN'],
    [{ contextPreservation: 'nix' }, 'settings.contextPreservation is "nix"'],
    [{ autoCheckpoint: 'false' }, 'settings.autoCheckpoint is "false"'],
    [{ autoCheckpoint: Object.create(null) }, 'settings.autoCheckpoint is an object'],
    [{ reserveTokens: -5 }, 'settings.reserveTokens is -5'],
    [{ autoChekpoint: true }, 'unknown setting autoChekpoint'],
    [{ warningThresholdPercent: 95 }, 'settings.warningThresholdPercent 95 is not below'],
    ['all', 'settings is "all"'],
  ])('%j are refused', async (settings, message) => {
    await expect(open(settings)).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/./),
    })
  })

  it('that are undefined count as not given', async () => {
    const waymark = await open({
      cacheEnabled: undefined,
      maxParallelSessions: undefined,
      reserveTokens: null,
    })
    expect(waymark.settings).toMatchObject({
      cacheEnabled: true,
      maxParallelSessions: 3,
      reserveTokens: null,
    })
  })

  it('go before the others, and must fit together with them', async () => {
    const waymark = await open({ warningThresholdPercent: 70, emergencyThresholdPercent: 72 })
    expect(waymark.settings).toMatchObject({ monitoringThresholdPercent: 60, warningThresholdPercent: 70 })
  })
})
