/** How the embedded PostgreSQL is set up: what it may use of the machine, as any installation in production would have it. */

import { totalmem } from 'node:os'
import process from 'node:process'

const mebibyte = 1024 * 1024

/**
 * The settings of a server, each `name=value`.
 *
 * @param durable `false` only for tests: a crash of the machine loses the data, and the server stays small, because many of
 * them run side by side and empty their tables all the time, which takes longer the larger its memory is.
 */
export function postgresSettings(durable: boolean, memoryBytes = usableMemory()): string[] {
  const common = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    'log_checkpoints=off',
    'timezone=UTC',
    'log_timezone=UTC',
  ]
  if (!durable) return [...common, 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
  return [...common, ...sizes(memoryBytes)]
}

/** PostgreSQL's own defaults are for a machine of a gigabyte. */
function sizes(memoryBytes: number): string[] {
  const megabytes = (share: number, least: number, most: number): string =>
    `${Math.round(Math.min(Math.max((memoryBytes * share) / mebibyte, least), most))}MB`
  return [
    // A quarter, as its manual says. It is taken page by page as the shop grows, so a small one stays small.
    `shared_buffers=${megabytes(1 / 4, 128, 8_192)}`,
    // What the planner may count on to be in memory, the system's own cache included. Nothing is taken.
    `effective_cache_size=${megabytes(1 / 2, 256, 65_536)}`,
    // A page of customers writes more log than the default holds, and would wait for the disk in the middle of it.
    `wal_buffers=${megabytes(1 / 256, 16, 64)}`,
    // For making indexes and tidying up: one or two at a time.
    `maintenance_work_mem=${megabytes(1 / 32, 64, 512)}`,
    // A checkpoint makes the next change of every page dear: with large writes they would follow each other without end.
    'max_wal_size=4GB',
    'checkpoint_timeout=15min',
    // Solid state: reading here and there costs hardly more than reading on.
    'random_page_cost=1.1',
  ]
}

/** Of the machine, or what a container is allowed. */
function usableMemory(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}
