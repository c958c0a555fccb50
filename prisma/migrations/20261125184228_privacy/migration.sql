-- AlterTable
ALTER TABLE "consents" ADD COLUMN     "words_hash" TEXT;

-- AlterTable
ALTER TABLE "customers" ADD COLUMN     "erasing_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "erasures" (
    "id" UUID NOT NULL,
    "subject_hash" BYTEA NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "requested_by" TEXT NOT NULL,
    "completed_at" TIMESTAMPTZ(3),
    "counts" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "erasures_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject_hash" BYTEA,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "privacy_budgets" (
    "name" TEXT NOT NULL,
    "epsilon" DOUBLE PRECISION NOT NULL,
    "spent" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "privacy_budgets_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "privacy_questions" (
    "id" BIGSERIAL NOT NULL,
    "budget" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "epsilon" DOUBLE PRECISION NOT NULL,
    "question" JSONB NOT NULL,
    "answer" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "privacy_questions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "erasures_subject_hash_idx" ON "erasures"("subject_hash");

-- CreateIndex
CREATE INDEX "audit_entries_subject_hash_idx" ON "audit_entries"("subject_hash");
