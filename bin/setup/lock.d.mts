/** Runs the work while holding the lock file; `onWait` is told once if another process holds it. */
export function withLock<T>(path: string, work: () => Promise<T>, onWait?: () => void): Promise<T>
