-- AlterTable
ALTER TABLE "models" ADD COLUMN     "code_version" TEXT;

-- CreateTable
CREATE TABLE "model_uses" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "model_id" UUID NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "by" TEXT NOT NULL,

    CONSTRAINT "model_uses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_drift" (
    "model_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "what" TEXT NOT NULL,
    "psi" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "model_drift_pkey" PRIMARY KEY ("model_id","day","what")
);

-- CreateTable
CREATE TABLE "product_relations" (
    "model_id" UUID NOT NULL,
    "product_key" TEXT NOT NULL,
    "rank" INTEGER NOT NULL,
    "related_key" TEXT NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "product_relations_pkey" PRIMARY KEY ("model_id","product_key","rank")
);

-- CreateTable
CREATE TABLE "product_popularity" (
    "model_id" UUID NOT NULL,
    "product_key" TEXT NOT NULL,
    "rank" INTEGER NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "product_popularity_pkey" PRIMARY KEY ("model_id","product_key")
);

-- CreateIndex
CREATE INDEX "model_uses_kind_since_idx" ON "model_uses"("kind", "since");

-- CreateIndex
CREATE INDEX "product_popularity_model_id_rank_idx" ON "product_popularity"("model_id", "rank");
