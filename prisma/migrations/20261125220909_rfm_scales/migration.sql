-- CreateTable
CREATE TABLE "rfm_scales" (
    "id" UUID NOT NULL,
    "made_at" TIMESTAMPTZ(3) NOT NULL,
    "customers" INTEGER NOT NULL,
    "recency" DOUBLE PRECISION[],
    "frequency" DOUBLE PRECISION[],
    "monetary" DOUBLE PRECISION[],
    "scored_until" UUID,
    "done_at" TIMESTAMPTZ(3),

    CONSTRAINT "rfm_scales_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "rfm_scales_made_at_idx" ON "rfm_scales"("made_at");
