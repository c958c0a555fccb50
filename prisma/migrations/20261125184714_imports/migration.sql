-- DropForeignKey
ALTER TABLE "order_lines" DROP CONSTRAINT "order_lines_order_id_fkey";

-- CreateTable
CREATE TABLE "imports" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "status" TEXT NOT NULL,
    "next_line" BIGINT NOT NULL DEFAULT 1,
    "next_byte" BIGINT NOT NULL DEFAULT 0,
    "reject_bytes" BIGINT NOT NULL DEFAULT 0,
    "counts" JSONB NOT NULL DEFAULT '{}',
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "imports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "imported_customers" (
    "import_id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,

    CONSTRAINT "imported_customers_pkey" PRIMARY KEY ("import_id","customer_id")
);

-- CreateTable
CREATE TABLE "imported_refunds" (
    "import_id" UUID NOT NULL,
    "line" BIGINT NOT NULL,
    "customer_id" UUID NOT NULL,
    "product_key" TEXT,
    "amount_cents" BIGINT NOT NULL,
    "refunded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "imported_refunds_pkey" PRIMARY KEY ("import_id","line")
);

-- CreateIndex
CREATE UNIQUE INDEX "imports_current" ON "imports"("fingerprint") WHERE (status <> 'superseded');

-- CreateIndex
CREATE INDEX "imported_refunds_import_id_customer_id_idx" ON "imported_refunds"("import_id", "customer_id");
