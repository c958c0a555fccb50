-- AlterTable
ALTER TABLE "customers" ADD COLUMN     "discounted_revenue_cents" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "products" ADD COLUMN     "category_changes" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "category_counted" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "category_day" DATE;

-- CreateTable
CREATE TABLE "event_days" (
    "customer_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "count" INTEGER NOT NULL,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "event_days_pkey" PRIMARY KEY ("customer_id","name","day")
);

-- CreateTable
CREATE TABLE "customer_categories" (
    "customer_id" UUID NOT NULL,
    "category" TEXT NOT NULL,
    "orders" INTEGER NOT NULL,
    "quantity" BIGINT NOT NULL,
    "revenue_cents" BIGINT NOT NULL,

    CONSTRAINT "customer_categories_pkey" PRIMARY KEY ("customer_id","category")
);

-- CreateIndex
CREATE INDEX "products_recategorised" ON "products"("product_key") WHERE (category_changes > category_counted);

-- What is in the database already is counted once, as intake counts from now on.
UPDATE "products" SET "category_day" = ("updated_at" AT TIME ZONE 'UTC')::date WHERE "category" IS NOT NULL;

UPDATE "customers" c SET "discounted_revenue_cents" = o.revenue
FROM (SELECT "customer_id", "currency", sum("revenue_cents") AS revenue FROM "orders"
      WHERE "cancelled_at" IS NULL AND "discount_cents" > 0 GROUP BY "customer_id", "currency") AS o
WHERE o."customer_id" = c."id" AND o."currency" = c."currency";

INSERT INTO "event_days" ("customer_id", "name", "day", "count", "first_at", "last_at")
SELECT "customer_id", CASE "type" WHEN 'track' THEN "name" ELSE "type" || ':' || coalesce("name", '') END AS key,
       ("occurred_at" AT TIME ZONE 'UTC')::date AS day, count(*), min("occurred_at"), max("occurred_at")
FROM "events"
WHERE "customer_id" IS NOT NULL AND "handled_at" IS NOT NULL
  AND ("type" IN ('page', 'screen') OR ("type" = 'track' AND "name" IS NOT NULL))
GROUP BY "customer_id", key, day;

INSERT INTO "customer_categories" ("customer_id", "category", "orders", "quantity", "revenue_cents")
SELECT o."customer_id", p."category", count(DISTINCT o."id"), sum(l."quantity"),
       coalesce(sum(l."quantity" * l."price_cents") FILTER (WHERE o."currency" = c."currency"), 0)
FROM "orders" o
JOIN "customers" c ON c."id" = o."customer_id"
JOIN "order_lines" l ON l."order_id" = o."id"
JOIN "products" p ON p."product_key" = l."product_key" AND p."category" IS NOT NULL
WHERE o."cancelled_at" IS NULL
GROUP BY o."customer_id", p."category";
