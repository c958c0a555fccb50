"""Counts the Online Retail file independently of the product: standard library only, its rules written down once more.

    python3 retail_recount.py FILE.csv.gz

Prints one JSON document: totals, lines rejected by rule, and of each customer [orders, revenue, refunds] in pence.
"""

import csv
import gzip
import json
import re
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal


def pence(amount):
    return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def main(path):
    rejected = Counter()
    seen = set()
    lines = sold = 0
    customers = set()
    orders = {}  # invoice -> [customer, moment, revenue, products]
    returns = []
    products = set()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            lines += 1
            invoice, stock, _description, quantity, moment, price, customer, _country = row
            if not re.fullmatch(r"C?[0-9]+", invoice):
                rejected["invoice"] += 1
                continue
            if tuple(row) in seen:
                rejected["duplicate"] += 1
                continue
            seen.add(tuple(row))
            if customer == "":
                rejected["customer"] += 1
                continue
            price = Decimal(price)
            quantity = int(quantity)
            if price <= 0:
                rejected["paid"] += 1
                continue
            if invoice.startswith("C"):
                if quantity >= 0:
                    rejected["takenBack"] += 1
                    continue
                customers.add(customer)
                returns.append((customer, moment, stock, pence(-quantity * price)))
                continue
            if quantity <= 0:
                rejected["sold"] += 1
                continue
            sold += 1
            customers.add(customer)
            products.add(stock)
            order = orders.setdefault(invoice, [customer, moment, 0, set()])
            order[1] = min(order[1], moment)
            order[2] += pence(quantity * price)
            order[3].add(stock)

    bought = defaultdict(list)
    for invoice, (customer, moment, _revenue, held) in orders.items():
        bought[customer].append((moment, invoice, held))
    for history in bought.values():
        history.sort(key=lambda one: one[:2])

    refunds = Counter()  # by invoice
    exact = loose = 0
    for customer, moment, stock, amount in returns:
        history = bought[customer]
        before = history[: bisect_right([one[0] for one in history], moment)]
        holding = [one for one in before if stock in one[2]]
        if holding:
            exact += 1
            refunds[holding[-1][1]] += amount
        elif before:
            loose += 1
            refunds[before[-1][1]] += amount
        else:
            rejected["refund"] += 1

    people = {customer: [0, 0, 0] for customer in customers}
    for invoice, (customer, _moment, revenue, _held) in orders.items():
        person = people[customer]
        person[0] += 1
        person[1] += revenue
        person[2] += min(revenue, refunds[invoice])
    print(
        json.dumps(
            {
                "lines": lines,
                "customers": len(customers),
                "orders": len(orders),
                "products": len(products),
                "orderLines": sold,
                "refundsByProduct": exact,
                "refundsByCustomer": loose,
                "rejected": rejected,
                "people": people,
            }
        )
    )


main(sys.argv[1])
