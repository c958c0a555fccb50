/**
 * Property tests draw their cases from one fixed seed, so that a change is judged by the same cases everywhere. To look
 * for new ones: `PERENNIAL_FUZZ=20 npm test -- test/domain` draws twenty times as many, from a seed of the moment's chance.
 */

import fc from 'fast-check'

const times = Number(process.env['PERENNIAL_FUZZ'] ?? 0)

/** How many cases a property tries, where it needs another number than a hundred. */
export const runs = (usual: number): number => usual * Math.max(1, times)

fc.configureGlobal({ numRuns: runs(100), ...(times > 0 ? {} : { seed: 20_240_229 }) })
