/** A list of 32-bit whole numbers that grows: what the miners write results of unknown length into. */

/** Whole numbers in one typed array. Read `data` anew after every `push`, `add` or `reserve`: growing replaces it. */
export class IntBuffer {
  data: Int32Array
  length = 0

  constructor(capacity = 1024) {
    this.data = new Int32Array(capacity)
  }

  /** Appends one number. */
  push(value: number): void {
    if (this.length === this.data.length) this.reserve(1)
    this.data[this.length++] = value
  }

  /** Appends the first `count` numbers of `values`. */
  add(values: Int32Array, count: number): void {
    this.reserve(count)
    for (let i = 0; i < count; i++) this.data[this.length + i] = values[i]!
    this.length += count
  }

  /** Makes room for `count` more numbers without changing the length. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.data.length) return
    const larger = new Int32Array(Math.max(needed, Math.ceil(this.data.length * 1.5)))
    larger.set(this.data.subarray(0, this.length))
    this.data = larger
  }

  /** The numbers written so far, copied. */
  toArray(): Int32Array {
    return this.data.slice(0, this.length)
  }
}
