-- CreateTable
CREATE TABLE "experiment_allocations" (
    "experiment" TEXT NOT NULL,
    "shares" JSONB NOT NULL,
    "learned_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "experiment_allocations_pkey" PRIMARY KEY ("experiment")
);
