"""Where the retailer stands, as a table: city centres of the euro area."""

from typing import NamedTuple


class City(NamedTuple):
    """A city. `latitude` and `longitude` are WGS 84 degrees of its centre, `zone` an IANA time zone."""

    name: str
    region: str
    country: str
    postal_code: str
    street: str
    latitude: float
    longitude: float
    zone: str


STORES = (
    City("Berlin", "Berlin", "DE", "10117", "Friedrichstraße 76", 52.5200, 13.4050, "Europe/Berlin"),
    City("Berlin", "Berlin", "DE", "10719", "Kurfürstendamm 213", 52.5026, 13.3276, "Europe/Berlin"),
    City("Potsdam", "Brandenburg", "DE", "14467", "Brandenburger Straße 21", 52.3989, 13.0657, "Europe/Berlin"),
    City("Hamburg", "Hamburg", "DE", "20095", "Mönckebergstraße 7", 53.5511, 9.9937, "Europe/Berlin"),
    City("München", "Bayern", "DE", "80331", "Kaufingerstraße 12", 48.1351, 11.5820, "Europe/Berlin"),
    City("Köln", "Nordrhein-Westfalen", "DE", "50667", "Schildergasse 65", 50.9375, 6.9603, "Europe/Berlin"),
    City("Frankfurt am Main", "Hessen", "DE", "60313", "Zeil 106", 50.1109, 8.6821, "Europe/Berlin"),
    City("Stuttgart", "Baden-Württemberg", "DE", "70173", "Königstraße 28", 48.7758, 9.1829, "Europe/Berlin"),
    City("Leipzig", "Sachsen", "DE", "04109", "Petersstraße 15", 51.3397, 12.3731, "Europe/Berlin"),
    City("Düsseldorf", "Nordrhein-Westfalen", "DE", "40212", "Königsallee 30", 51.2277, 6.7735, "Europe/Berlin"),
    City("Wien", "Wien", "AT", "1010", "Kärntner Straße 19", 48.2082, 16.3738, "Europe/Vienna"),
    City("Graz", "Steiermark", "AT", "8010", "Herrengasse 9", 47.0707, 15.4395, "Europe/Vienna"),
    City("Salzburg", "Salzburg", "AT", "5020", "Getreidegasse 33", 47.8095, 13.0550, "Europe/Vienna"),
    City("Paris", "Île-de-France", "FR", "75009", "Boulevard Haussmann 44", 48.8566, 2.3522, "Europe/Paris"),
    City("Lyon", "Auvergne-Rhône-Alpes", "FR", "69002", "Rue de la République 58", 45.7640, 4.8357, "Europe/Paris"),
    City("Marseille", "Provence-Alpes-Côte d'Azur", "FR", "13001", "Rue Paradis 31", 43.2965, 5.3698, "Europe/Paris"),
    City("Bordeaux", "Nouvelle-Aquitaine", "FR", "33000", "Rue Sainte-Catherine 102", 44.8378, -0.5792, "Europe/Paris"),
    City("Lille", "Hauts-de-France", "FR", "59800", "Rue de Béthune 26", 50.6292, 3.0573, "Europe/Paris"),
    City("Nantes", "Pays de la Loire", "FR", "44000", "Rue Crébillon 8", 47.2184, -1.5536, "Europe/Paris"),
    City("Strasbourg", "Grand Est", "FR", "67000", "Rue des Grandes Arcades 41", 48.5734, 7.7521, "Europe/Paris"),
    City("Amsterdam", "Noord-Holland", "NL", "1012 PZ", "Kalverstraat 92", 52.3676, 4.9041, "Europe/Amsterdam"),
    City("Rotterdam", "Zuid-Holland", "NL", "3012 AR", "Lijnbaan 60", 51.9244, 4.4777, "Europe/Amsterdam"),
    City("Utrecht", "Utrecht", "NL", "3511 AX", "Oudegracht 139", 52.0907, 5.1214, "Europe/Amsterdam"),
    City("Bruxelles", "Bruxelles-Capitale", "BE", "1000", "Rue Neuve 74", 50.8503, 4.3517, "Europe/Brussels"),
    City("Antwerpen", "Vlaanderen", "BE", "2000", "Meir 48", 51.2194, 4.4025, "Europe/Brussels"),
    City("Luxembourg", "Luxembourg", "LU", "1611", "Grand-Rue 17", 49.6116, 6.1319, "Europe/Luxembourg"),
    City("Madrid", "Madrid", "ES", "28013", "Gran Vía 34", 40.4168, -3.7038, "Europe/Madrid"),
    City("Barcelona", "Catalunya", "ES", "08007", "Passeig de Gràcia 55", 41.3874, 2.1686, "Europe/Madrid"),
    City("Valencia", "Comunitat Valenciana", "ES", "46002", "Calle de Colón 27", 39.4699, -0.3763, "Europe/Madrid"),
    City("Sevilla", "Andalucía", "ES", "41001", "Calle Sierpes 81", 37.3891, -5.9845, "Europe/Madrid"),
    City("Bilbao", "Euskadi", "ES", "48001", "Gran Vía 25", 43.2630, -2.9350, "Europe/Madrid"),
    City("Lisboa", "Lisboa", "PT", "1200-094", "Rua Garrett 50", 38.7223, -9.1393, "Europe/Lisbon"),
    City("Porto", "Porto", "PT", "4000-427", "Rua de Santa Catarina 112", 41.1579, -8.6291, "Europe/Lisbon"),
    City("Milano", "Lombardia", "IT", "20122", "Corso Vittorio Emanuele II 24", 45.4642, 9.1900, "Europe/Rome"),
    City("Roma", "Lazio", "IT", "00187", "Via del Corso 173", 41.9028, 12.4964, "Europe/Rome"),
    City("Torino", "Piemonte", "IT", "10121", "Via Roma 88", 45.0703, 7.6869, "Europe/Rome"),
    City("Bologna", "Emilia-Romagna", "IT", "40125", "Via Indipendenza 14", 44.4949, 11.3426, "Europe/Rome"),
    City("Dublin", "Leinster", "IE", "D02 X285", "Grafton Street 61", 53.3498, -6.2603, "Europe/Dublin"),
    City("Helsinki", "Uusimaa", "FI", "00100", "Aleksanterinkatu 21", 60.1699, 24.9384, "Europe/Helsinki"),
    City("Athína", "Attikí", "GR", "105 63", "Ermoú 36", 37.9838, 23.7275, "Europe/Athens"),
)  # fmt: skip

DISTRIBUTION_CENTRES = (
    City("Kassel", "Hessen", "DE", "34123", "Lilienthalstraße 25", 51.3127, 9.4797, "Europe/Berlin"),
    City("Venlo", "Limburg", "NL", "5928 PP", "Columbusweg 31", 51.3704, 6.1724, "Europe/Amsterdam"),
    City("Orléans", "Centre-Val de Loire", "FR", "45100", "Avenue de la Pomme 9", 47.9029, 1.9093, "Europe/Paris"),
    City("Zaragoza", "Aragón", "ES", "50197", "Calle Turiaso 4", 41.6488, -0.8891, "Europe/Madrid"),
)  # fmt: skip
