/** Files of orders: their lines are read in a thread of their own where they are many. */

import type { ImportKind } from './chunk.ts'
import { countImportedOrders } from './order-customers.ts'
import { type OrderStretch, previewOrders } from './order-stretch.ts'
import { writeOrders } from './order-writing.ts'
import { ordersReading } from './orders.ts'
import { finishRefunds } from './refunds.ts'
import { retailReading } from './retail.ts'

const orders = {
  readsInThread: true,
  write: writeOrders,
  preview: previewOrders,
  finishCustomers: countImportedOrders,
} as const

export const ordersImport: ImportKind<OrderStretch> = { ...ordersReading, ...orders }
export const retailImport: ImportKind<OrderStretch> = { ...retailReading, ...orders, finishPage: finishRefunds }
