-- CreateTable
CREATE TABLE "dirty_customers" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" UUID NOT NULL,
    "cause" TEXT,

    CONSTRAINT "dirty_customers_pkey" PRIMARY KEY ("id")
);
