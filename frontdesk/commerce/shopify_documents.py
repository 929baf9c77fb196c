"""What we send to Shopify's Admin API: GraphQL documents, each with what it returns.

Sizes of nested lists are chosen so that a document asks for less than half of the 1,000
points that a single one may ask for (https://shopify.dev/docs/api/usage/limits; what
is not used comes back at once); longer lists are read on with `MORE_ITEMS` and `after`.
"""

from __future__ import annotations

_MONEY = "{ presentmentMoney { amount currencyCode } }"

_ADDRESS = """
fragment AddressFields on MailingAddress {
  name address1 address2 city zip provinceCode countryCodeV2 phone
}"""

_ITEM = f"""
fragment ItemFields on LineItem {{
  id title quantity
  discountedUnitPriceSet {_MONEY}
  image {{ url }}
  product {{ id productType tags }}
  variant {{ id selectedOptions {{ name value }} }}
}}"""

_ORDER = f"""
fragment OrderFields on Order {{
  id name createdAt updatedAt cancelledAt email phone
  displayFinancialStatus displayFulfillmentStatus paymentGatewayNames
  customer {{ id }}
  totalPriceSet {_MONEY}
  totalShippingPriceSet {_MONEY}
  shippingAddress {{ ...AddressFields }}
  shippingLine {{ title }}
  lineItems(first: 20) {{
    nodes {{ ...ItemFields }} pageInfo {{ hasNextPage endCursor }}
  }}
  fulfillments(first: 5) {{
    id displayStatus createdAt deliveredAt estimatedDeliveryAt
    trackingInfo(first: 1) {{ company number url }}
    fulfillmentLineItems(first: 30) {{ nodes {{ quantity lineItem {{ id }} }} }}
  }}
}}
{_ADDRESS}{_ITEM}"""

ORDERS = f"""
query Orders($query: String!, $after: String) {{
  orders(first: 1, query: $query, after: $after) {{
    nodes {{ ...OrderFields }} pageInfo {{ hasNextPage endCursor }}
  }}
}}{_ORDER}"""
"""Orders that a search finds, one a page: the name is compared by us."""

MORE_ITEMS = f"""
query MoreItems($id: ID!, $after: String!) {{
  order(id: $id) {{
    lineItems(first: 100, after: $after) {{
      nodes {{ ...ItemFields }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}{_ITEM}"""
"""The further lines of a long order."""

ORDERS_OF = f"""
query OrdersOf($id: ID!, $after: String) {{
  customer(id: $id) {{
    orders(first: 1, after: $after, sortKey: CREATED_AT, reverse: true) {{
      nodes {{ ...OrderFields }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}{_ORDER}"""
"""A customer's orders, newest first."""

CUSTOMER = f"""
query Customer($identifier: CustomerIdentifierInput!) {{
  customerByIdentifier(identifier: $identifier) {{
    id displayName
    defaultEmailAddress {{ emailAddress marketingState }}
    defaultPhoneNumber {{ phoneNumber }}
    defaultAddress {{ ...AddressFields }}
  }}
}}{_ADDRESS}"""
"""A customer by id, email address or phone number, or null."""

RETURNS = """
query Returns($id: ID!, $after: String) {
  order(id: $id) {
    returns(first: 5, after: $after) {
      nodes {
        id name status createdAt
        returnLineItems(first: 20) {
          nodes {
            quantity customerNote returnReasonNote
            ... on ReturnLineItem { fulfillmentLineItem { lineItem { id } } }
          }
        }
        exchangeLineItems(first: 20) { nodes { variantId } }
        reverseFulfillmentOrders(first: 1) {
          nodes {
            reverseDeliveries(first: 1) {
              nodes {
                deliverable {
                  ... on ReverseDeliveryShippingDeliverable { label { publicFileUrl } }
                }
              }
            }
          }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
"""Returns and exchanges of an order with their labels."""

REFUNDS = f"""
query Refunds($id: ID!) {{
  order(id: $id) {{
    refunds(first: 50) {{
      id createdAt
      totalRefundedSet {_MONEY}
      transactions(first: 10) {{ nodes {{ status gateway processedAt }} }}
    }}
  }}
}}"""
"""Refunds of an order with the payments that carried them."""

RETURNABLE = """
query Returnable($id: ID!, $after: String) {
  returnableFulfillments(orderId: $id, first: 5, after: $after) {
    nodes {
      returnableFulfillmentLineItems(first: 30) {
        nodes { quantity fulfillmentLineItem { id lineItem { id } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
"""The pieces of an order that can still be sent back."""

_PRODUCT = """
fragment ProductFields on Product {
  id title productType description tags status onlineStoreUrl
  featuredMedia { preview { image { url } } }
  metafields(first: 20, namespace: "custom") { nodes { key value } }
  variants(first: 20) {
    nodes {
      id title price availableForSale inventoryQuantity
      inventoryItem { tracked }
      selectedOptions { name value }
    }
    pageInfo { hasNextPage }
  }
}"""

PRODUCTS = f"""
query Products($query: String!, $after: String) {{
  shop {{ currencyCode }}
  products(first: 5, query: $query, after: $after, sortKey: RELEVANCE) {{
    nodes {{ ...ProductFields }} pageInfo {{ hasNextPage endCursor }}
  }}
}}{_PRODUCT}"""
"""Products that a search finds, best first."""

PRODUCT = f"""
query Product($id: ID!) {{
  shop {{ currencyCode }}
  product(id: $id) {{ ...ProductFields }}
}}{_PRODUCT}"""
"""A product, or null."""

MARKED = """
query Marked($id: ID!, $key: String!) {
  order(id: $id) {
    id cancelledAt totalReceivedSet { presentmentMoney { amount currencyCode } }
    metafield(namespace: "$app:frontdesk", key: $key) { value }
  }
}"""
"""Whether an order carries our mark, and whether it is cancelled."""

SET_MARK = """
mutation SetMark($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { key } userErrors { field message code }
  }
}"""
"""Puts our mark on an order before it is cancelled."""

CANCEL = """
mutation Cancel($orderId: ID!, $staffNote: String) {
  orderCancel(
    orderId: $orderId, reason: CUSTOMER, restock: true, notifyCustomer: true,
    refundMethod: { originalPaymentMethodsRefund: true }, staffNote: $staffNote
  ) {
    job { id done } orderCancelUserErrors { field message code }
  }
}"""
"""Starts the job that cancels an order and pays back."""

JOB = "query Job($id: ID!) { job(id: $id) { id done } }"
"""Whether a job has ended."""

UPDATE = """
mutation Update($input: OrderInput!) {
  orderUpdate(input: $input) { order { id name } userErrors { field message } }
}"""
"""Changes an order's address and puts our mark on it, both or neither."""

REQUEST_RETURN = """
mutation RequestReturn($input: ReturnRequestInput!) {
  returnRequest(input: $input) {
    return { id name status } userErrors { field message code }
  }
}"""
"""Asks for a return, which the shop approves or declines."""

CREATE_EXCHANGE = """
mutation CreateExchange($returnInput: ReturnInput!) {
  returnCreate(returnInput: $returnInput) {
    return { id name status } userErrors { field message code }
  }
}"""
"""Opens a return with what is sent instead."""

CREATE_DRAFT = """
mutation CreateDraft($input: DraftOrderInput!) {
  draftOrderCreate(input: $input) {
    draftOrder {
      id name invoiceUrl totalPriceSet { presentmentMoney { amount currencyCode } }
    }
    userErrors { field message }
  }
}"""
"""Prepares an order that the customer pays through its link."""

DRAFTS = """
query Drafts($query: String!) {
  draftOrders(first: 1, query: $query) {
    nodes {
      id name invoiceUrl totalPriceSet { presentmentMoney { amount currencyCode } }
    }
  }
}"""
"""Prepared orders with our tag."""

SET_CONSENT = """
mutation SetConsent($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) {
    customer { id } userErrors { field message code }
  }
}"""
"""Subscribes or unsubscribes a customer's address."""
