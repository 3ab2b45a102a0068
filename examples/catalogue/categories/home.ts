import type { Category } from '../words.ts'
import { category } from '../words.ts'

/** Things for the home. */
export const home: readonly Category[] = [
  category('Furniture', {
    forms: 'furniture|furnishings',
    price: 320,
    spread: 0.45,
    margin: 0.42,
    kinds: `
      1.6 sofa|couch|settee; armchair|easy chair|lounge chair; 1.2 sideboard|credenza|buffet;
      0.6 side table|end table; 1.3 dining table|kitchen table; 0.9 bookcase|bookshelf|shelving;
      1.1 desk|writing table|bureau; 0.5 stool|footstool`,
    brands: `
      2.5 Herman Miller: Eames#2, Noguchi#4, Airia#7; 2.2 Fritz Hansen: Egg#2, Superellipse#5;
      1.1 Ercol: Windsor#5, Studio#1; 0.3 Ikea: Lack#4, Poang#2, Billy#6; 2 Knoll: Tulip#5, Barcelona#2,
      Florence#1; G-Plan: Fresco#3, Brasilia#3, Astro#4; 1.4 Artek: Paimio#2, E60#8;
      0.9 Parker Knoll: Penshurst#2, Cromwell#1; 1.6 Cassina: Maralunga#1; 1.2 String: Works#7, Pocket#6`,
    materials: '1.2 teak; oak; 1.3 walnut; 0.8 pine; 1.4 leather|hide; rattan|wicker|cane; 0.9 velvet|plush',
    styles: `
      1.2 mid century|1950s|midcentury; antique|period; scandinavian|danish|nordic; industrial|factory;
      rustic|farmhouse`,
    accessories: 'set of legs; replacement cushion; drawer handle; brass castor; arm cap',
    details: `
      {40-220} cm wide; made {1950-1995}; restored {1985-2025}; stamp {ref}; original finish;
      bought {1960-2024}`,
  }),
  category('Lighting', {
    forms: 'lamp|light|lighting',
    price: 130,
    spread: 0.45,
    margin: 0.46,
    kinds: `
      table lamp|desk lamp|bedside lamp; 1.4 floor lamp|standard lamp|standing lamp;
      1.2 pendant light|ceiling lamp|hanging lamp; 2 chandelier|candelabra; 0.7 wall light|sconce;
      0.5 lantern|storm lamp`,
    brands: `
      2 Louis Poulsen: PH5#3, Panthella#1, AJ#5; 1.8 Flos: Arco#2, Snoopy#1, Taccia#1;
      0.9 Anglepoise: 1227#1, Type 75#2; 1.5 Artemide: Tolomeo#1, Nesso#1, Logico#3;
      0.3 Philips: Junior#1, Hue#5; 1.2 Le Klint: Model 172#3, Snowdrop#2; 0.5 Feuerhand: Baby#6;
      2.4 Venini: Cascade#4, Poliedri#4; 0.7 Herstal: Stick#2, Globe#5`,
    materials: `
      1.2 brass; chrome|chromed; glass|opaline; 0.8 paper|rice paper; 1.1 ceramic|stoneware;
      aluminium|aluminum`,
    styles: `
      1.2 mid century|1950s|midcentury; art deco|1920s; industrial|factory; space age|1970s;
      minimalist|simple`,
    accessories: 'lampshade; dimmer; bulb holder; ceiling rose; replacement arm',
    details: `
      rewired {1995-2025}; {18-190} cm tall; label {ref}; made {1930-2005}; new {15-60} W fitting;
      bought {1970-2024}`,
  }),
  category('Ceramics', {
    forms: 'ceramics|pottery|china|porcelain',
    price: 70,
    spread: 0.5,
    margin: 0.5,
    kinds: `
      vase|urn; 0.8 bowl|dish; 1.6 tea set|tea service; 0.5 mug|beaker|cup;
      1.3 figurine|figure|statuette; 0.9 plate|charger; jug|pitcher|ewer`,
    brands: `
      2.5 Meissen: Blue Onion#6, Swan#3; 1.4 Royal Copenhagen: Flora Danica#6, Blue Fluted#3, Faun#5;
      0.8 Wedgwood: Jasperware#1, Edme#3; 0.4 Denby: Arabesque#4, Halo#2; 1.2 Moorcroft: Pomegranate#1,
      Hibiscus#2; 0.7 Poole: Delphis#6, Aegean#2; 0.9 Arabia: Moomin#4, Ruska#7; Lladro: Ballerina#5;
      1.6 Clarice Cliff: Crocus#7, Bizarre#1`,
    materials: `
      stoneware|earthenware; 1.3 bone china|fine china; 0.8 terracotta|clay; 1.2 lustre|lusterware;
      glazed|majolica`,
    styles: `
      vintage|retro; 1.3 victorian|nineteenth century; studio|artisan; art deco|1920s;
      hand painted|handpainted`,
    accessories: 'stand; replacement lid; display dome; collector guide; repair kit',
    details: `
      {6-48} cm high; backstamp {ref}; dated {1925-2010}; signed to the base; no chips;
      pattern of {1925-1990}`,
  }),
  category('Art', {
    forms: 'art|artwork|picture',
    price: 160,
    spread: 0.65,
    margin: 0.52,
    kinds: `
      1.8 oil painting|painting in oils; watercolour|watercolor; 0.8 lithograph|litho print;
      0.5 poster|advertising poster; 1.2 screen print|silkscreen|serigraph; 1.4 collage|mixed media;
      0.7 etching|engraving; 0.6 photograph|photo print`,
    brands: `
      3 Picasso: Dove#3, Bull#3; 2 Miro: Constellations#3, Lune#7; 1.6 Hockney: Pool#3, Yosemite#8,
      Rake#7; 0.7 Newlyn: Harbour#1, Cove#2; 2.5 Warhol: Soup#5, Flowers#5; 1.1 Ravilious: Downs#2,
      Train#2; 1.2 Schwitters: Merz#6; 0.9 Bernard Buffet: Clown#3; 0.6 Savignac: Bic#4`,
    materials: '1.3 canvas|linen; paper|laid paper; 0.8 card|board; framed|mounted; 1.2 panel|wood panel',
    styles: `
      abstract|non figurative; landscape|countryside; portrait|figure study; still life|flower piece;
      seascape|marine`,
    accessories: 'empty frame; exhibition catalogue; easel; picture light; mount board',
    details: `
      signed {1925-2022}; {18-160} cm tall; edition {ref}; dated {1925-2022}; gallery label {ref};
      shown in {1950-2024}`,
  }),
  category('Rugs', {
    forms: 'rug|carpet|floor covering',
    price: 290,
    spread: 0.45,
    margin: 0.5,
    kinds: `
      1.2 persian rug|persian carpet; 0.7 kilim|flatweave; berber rug|beni ourain;
      0.5 runner|hall runner; 0.8 shag rug|rya|deep pile rug; 0.4 sheepskin|fleece rug;
      1.5 tapestry|wall hanging`,
    brands: `
      1.5 Tabriz: Mahi#1, Taba#4; 1.3 Kashan: Mohtashem#1; 1.8 Isfahan: Garden#1, Tree#7;
      0.8 Bokhara: Tekke#4; 0.6 Gabbeh: Lori#5, Amalehbaft#5; 0.9 Senneh: Bidjar#2, Herati#2;
      2.2 Aubusson: Verdure#7; 0.3 Habitat: Loop#5, Strip#4; 1.1 Kasthall: Tekla#5, Ingrid#2;
      0.9 Azilal: Atlas#3, Zig#3`,
    materials: 'wool|woollen; 2 silk; 0.7 cotton; 0.6 jute|hemp|sisal; 0.9 viscose|art silk',
    styles: 'antique|period; tribal|nomadic; geometric|patterned; floral|flowery; hand knotted|handknotted',
    accessories: 'underlay; repair kit; hanging clips; cleaning kit; storage tube',
    details: `
      {60-320} cm wide; woven {1925-2020}; label {ref}; washed {2015-2025}; even pile; bought {1960-2024}`,
  }),
  category('Cookware', {
    forms: 'cookware|kitchenware',
    price: 80,
    spread: 0.4,
    margin: 0.38,
    kinds: `
      casserole|dutch oven|cocotte; 0.7 frying pan|skillet; 1.1 saucepan set|pan set;
      0.8 chef knife|cooks knife; 1.6 espresso machine|coffee machine; 0.5 kettle|water boiler;
      1.2 stand mixer|food mixer; 0.4 cutting board|chopping board`,
    brands: `
      1.4 Le Creuset: Signature#1, Volcanic#1, Zen#6; 1.2 Staub: Braiser#1, Chistera#2;
      0.6 Tefal: Ingenio#3, Jamie#2; 1.3 Kitchenaid: Artisan#7, Classic#7; 1.8 Mauviel: M150#3, M250#3;
      1.6 Gaggia: Baby#5, Orione#5; 0.9 Sabatier: Diamant#4, Chef#4; 1.1 Kai Shun: Nagare#4, Hinoki#8;
      0.7 Alessi: Bollitore#6, Pulcina#5; 0.8 Boos: Maple#8, Block#8`,
    materials: `
      cast iron|iron; stainless steel|steel; 1.5 copper; enamel|enamelled; 0.8 aluminium|aluminum;
      0.9 olive wood|wooden`,
    styles: 'vintage|retro; professional|catering; handmade|hand forged; french|provencal; japanese',
    accessories: 'replacement lid; spare handle; recipe book; whisk attachment; storage rack',
    details: `
      {14-36} cm; made {1955-2023}; number {ref}; used twice; bought {1970-2025}; refurbished {2000-2025}`,
  }),
]
