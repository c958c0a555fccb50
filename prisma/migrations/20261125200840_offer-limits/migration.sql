-- AlterTable
ALTER TABLE "coupons" ADD COLUMN     "cost_cents" BIGINT,
ADD COLUMN     "settled_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "offer_limits" (
    "offer" TEXT NOT NULL,
    "per_customer" INTEGER,
    "from_pool" BOOLEAN NOT NULL,
    "max_coupons" INTEGER,
    "max_cost_cents" BIGINT,
    "returns" BOOLEAN NOT NULL,
    "issued" INTEGER NOT NULL DEFAULT 0,
    "cost_cents" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "offer_limits_pkey" PRIMARY KEY ("offer")
);

-- CreateTable
CREATE TABLE "offer_codes" (
    "code" TEXT NOT NULL,
    "offer" TEXT NOT NULL,
    "coupon_id" UUID,
    "loaded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "offer_codes_pkey" PRIMARY KEY ("code")
);

-- CreateIndex
CREATE INDEX "offer_codes_free" ON "offer_codes"("offer") WHERE (coupon_id IS NULL);

-- CreateIndex
CREATE INDEX "coupons_expiring" ON "coupons"("expires_at") WHERE (status = 'issued');

-- CreateIndex
CREATE INDEX "coupons_unsettled" ON "coupons"("id") WHERE (status = 'redeemed' AND settled_at IS NULL);

-- CreateIndex
CREATE INDEX "coupons_offer_idx" ON "coupons"("offer");
