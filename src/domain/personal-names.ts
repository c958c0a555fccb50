/**
 * Which fields tell who somebody is. What has one of these names is sealed before an event is stored, at any depth;
 * so is any text that holds an e-mail address, whatever its name.
 *
 * Names are compared without case and without anything but letters and digits: `first_name` is `firstName`. This file
 * is the one place to add a name of your own. A field that is not listed stays readable in the event, can be used in
 * segments and templates, and is not erased with the customer's key.
 */

const anywhere = words(`
  email emailaddress mail useremail customeremail contactemail billingemail
  phone phonenumber mobile mobilephone mobilenumber cellphone telephone tel fax
  firstname lastname middlename fullname givenname familyname surname maidenname
  nickname username customername recipientname cardholder cardholdername
  address street streetaddress address1 address2 addressline1 addressline2
  billingaddress shippingaddress homeaddress postaladdress postalcode postcode zip zipcode
  birthday birthdate dateofbirth dob
  avatar photo photourl picture profilepicture
  ip ipaddress useragent latitude longitude geolocation
  password ssn taxid nationalid passport passportnumber iban cardnumber creditcard
`)

/** Names that mean a person in traits, and a thing (a product, a page) in properties. */
const inTraitsOnly = ['name', 'website', 'description']

export const personalInTraits: ReadonlySet<string> = new Set([...anywhere, ...inTraitsOnly])
export const personalInProperties: ReadonlySet<string> = new Set(anywhere)

/** The form in which names are compared. */
export function comparableName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
