import type { Category } from '../words.ts'
import { category } from '../words.ts'

/** Things to wear and carry. */
export const wear: readonly Category[] = [
  category('Watches', {
    forms: 'watch|timepiece|wristwatch',
    price: 240,
    spread: 0.4,
    margin: 0.32,
    kinds: `
      1.6 chronograph watch|chronograph|stopwatch; 1.3 dive watch|diver; dress watch|evening watch;
      0.8 pocket watch|fob watch; 1.1 pilot watch|aviator watch; 0.6 digital watch|lcd watch`,
    brands: `
      0.7 Seiko: 6139#1, SKX007#2, Presage#3; 0.4 Casio: F-91W#6, G-Shock#6, Oceanus#1;
      2.5 Omega: Seamaster#2, Speedmaster#1, Geneve#3, Regulateur#4; Tissot: Visodate#3, PRX#3,
      Seastar#2; 1.4 Longines: Conquest#3, Lepine#4, Spirit#5; 5 Rolex: Oyster#3, Daytona#1, Air-King#5;
      0.6 Citizen: Promaster#2, Bullhead#1; 1.8 Zenith: Type 20#5, El Primero#1; 0.5 Timex: Marlin#3,
      Ironman#6`,
    materials: 'stainless steel|steel; 2 gold|golden; 1.3 titanium; 0.8 chrome|chromed; gold plated|gilt',
    styles: 'vintage|retro; modern|contemporary; 1.2 military|army; art deco|1920s; minimalist|simple',
    accessories: 'strap; bracelet link; empty box; service manual; winding crown; dial',
    details: `
      serviced {1968-2025}; box and papers; made {1955-2020}; {34-44} mm case; reference {ref};
      bought {1960-2024}`,
  }),
  category('Jewellery', {
    forms: 'jewellery|jewelry|jewels',
    price: 180,
    spread: 0.5,
    margin: 0.48,
    kinds: `
      ring|band; 1.2 necklace|pendant; 0.8 earrings|studs; 0.9 bracelet|bangle; 0.7 brooch|pin;
      0.6 cufflinks|cuff links`,
    brands: `
      4 Cartier: Love#4, Trinity#1; 3 Tiffany: Atlas#1, Bean#2; 1.5 Georg Jensen: Daisy#5, Moonlight#5,
      Infinity#4; 0.4 Pandora: Moments#4, Signature#3; 0.5 Swarovski: Stella#3, Angelic#2;
      1.2 Lapponia: Space#2, Winter#1; 2 Boucheron: Quatre#1; 0.6 Monet: Lariat#2, Leaf#5;
      0.9 Deakin: Dumbbell#6`,
    materials: `
      2 gold|golden; silver|sterling; 3 platinum; 1.5 diamond|brilliant; 1.2 pearl; 0.8 enamel|cloisonne`,
    styles: `
      vintage|retro; 1.3 victorian|nineteenth century; art deco|1920s; handmade|handcrafted;
      modern|contemporary`,
    accessories: 'presentation box; spare clasp; cleaning kit; display stand; sizing set',
    details: `
      hallmarked {1930-2015}; {3-48} g; certificate {ref}; from an estate; boxed, {2-9} stones;
      bought {1960-2024}`,
  }),
  category('Bags', {
    forms: 'bag|handbag|luggage',
    price: 150,
    spread: 0.45,
    margin: 0.44,
    kinds: `
      1.1 shoulder bag|crossbody bag|messenger bag; tote bag|tote|shopper; 0.9 backpack|rucksack|daypack;
      0.5 clutch bag|evening bag; 1.5 suitcase|trunk|travel case; 1.2 briefcase|document case|attache;
      0.4 wallet|purse|billfold`,
    brands: `
      3.5 Louis Vuitton: Bisten#5, Neverfull#2, Noe#1; 5 Hermes: Kelly#1, Evelyne#1, Jige#4;
      0.8 Mulberry: Alexa#1, Heathcliffe#6; 0.5 Fjallraven: Kanken#3, Raven#3; 0.9 Filson: Original#6,
      Rugged#2; 0.7 Coach: Rogue#1, Double#7; 1.6 Rimowa: Topas#5, Salsa#5; 0.6 Samsonite: Silhouette#5,
      Classic#6; 2.2 Bottega Veneta: Pouch#4, Cassette#7`,
    materials: `
      1.2 leather|hide; canvas|sailcloth; 1.3 suede|nubuck; 0.7 nylon|cordura; waxed cotton|oilcloth;
      1.5 crocodile|croc`,
    styles: 'vintage|retro; designer|couture; minimalist|simple; travel|weekend; military|army',
    accessories: 'shoulder strap; dust cover; luggage tag; padlock; care set',
    details: `
      {12-78} cm wide; date code {ref}; bought {1965-2024}; with dust cover; new lining {2005-2025};
      unused since {2001-2023}`,
  }),
  category('Shoes', {
    forms: 'shoes|footwear',
    price: 95,
    spread: 0.4,
    margin: 0.4,
    kinds: `
      trainers|sneakers|runners; 1.4 boots|ankle boots; 1.2 brogues|wingtips;
      0.8 loafers|slip ons|moccasins; 0.9 heels|pumps|stilettos; 0.6 sandals|slides`,
    brands: `
      Nike: Air Max#1, Dunk#1, Cortez#1; 0.9 Adidas: Samba#1, Gazelle#1, Adilette#6;
      2.5 Church: Shannon#3, Ryder#2, Pembrey#4; 1.3 Dr Martens: 1460#2, Adrian#4;
      0.5 Converse: Chuck Taylor#1, One Star#1; 3 John Lobb: Lopez#4, Darby#3;
      1.2 Red Wing: Iron Ranger#2, Moc Toe#2; 0.7 Clarks: Wallabee#4, Desert#2; 2.8 Gucci: Horsebit#4,
      Marmont#5; 0.6 Birkenstock: Arizona#6`,
    materials: '1.2 leather|hide; suede|nubuck; 0.7 canvas; 1.5 cordovan|shell cordovan; 0.8 mesh|knit',
    styles: 'vintage|retro; limited|limited edition; casual|everyday; formal|smart; handmade|bench made',
    accessories: 'pair of shoe trees; laces; replacement soles; empty box; polish kit',
    details: `
      size {36-47}; code {ref}; made {1975-2024}; resoled {2005-2025}; worn twice; boxed, size {36-47}`,
  }),
  category('Jackets', {
    forms: 'jacket|coat|outerwear',
    price: 120,
    spread: 0.4,
    margin: 0.42,
    kinds: `
      1.4 biker jacket|motorcycle jacket; denim jacket|jean jacket; 1.2 parka|anorak;
      1.1 trench coat|mac|raincoat; 1.3 overcoat|greatcoat|topcoat; 0.8 bomber jacket|flight jacket;
      0.7 blazer|sports jacket; 0.6 fleece jacket|fleece`,
    brands: `
      1.1 Barbour: International#1, Beaufort#4; 2.2 Burberry: Kensington#4, Westminster#4, Melton#5;
      0.7 Levis: Trucker#2, Sherpa#2; 1.6 Schott: Perfecto#1, CWU#6; 1.2 Patagonia: Retro X#8,
      Synchilla#8, Tres#3; 2.5 Moncler: Maya#3, Hermine#3; 0.8 Carhartt: Detroit#2, Siberian#3;
      1.4 Belstaff: Trialmaster#1; 0.5 Uniqlo: Blocktech#4, Fluffy#8; 1.5 Gieves: Savile#7, Crombie#5`,
    materials: `
      1.4 leather|hide; cotton|twill; wool|tweed; waxed cotton|oilcloth; 0.8 nylon|ripstop; 1.5 cashmere;
      1.2 down|feather`,
    styles: 'vintage|retro; military|army; workwear|utility; tailored|slim; oversized|baggy',
    accessories: 'detachable hood; liner; set of buttons; wax tin; belt',
    details: `
      size {36-54}; made {1955-2022}; style {ref}; relined {1995-2025}; little worn; chest {34-50} in`,
  }),
]
