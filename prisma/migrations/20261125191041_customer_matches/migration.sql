-- CreateTable
CREATE TABLE "customer_matches" (
    "customer_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,

    CONSTRAINT "customer_matches_pkey" PRIMARY KEY ("customer_id","kind","key")
);

-- CreateIndex
CREATE INDEX "customer_matches_kind_key_idx" ON "customer_matches"("kind", "key");
