import type { Category } from '../words.ts'
import { category } from '../words.ts'

/** Things for spare hours. */
export const leisure: readonly Category[] = [
  category('Cameras', {
    forms: 'camera|photo camera',
    price: 210,
    spread: 0.4,
    margin: 0.28,
    kinds: `
      1.2 rangefinder camera|rangefinder; slr camera|single lens reflex;
      1.5 medium format camera|120 camera; 0.5 instant camera|instant print camera;
      0.8 prime lens|fixed lens; 0.9 cine camera|movie camera`,
    brands: `
      3 Leica: M3#1, M6#1, R5#2, Summicron#5; 1.1 Nikon: F3#2, FM2#2, Nikkor#5; Canon: AE-1#2, Canonet#1,
      814#6; 2.5 Hasselblad: 500CM#3, 503CX#3, Planar#5; 0.8 Olympus: OM-1#2, XA#1, Zuiko#5;
      0.7 Pentax: K1000#2, Takumar#5; 0.5 Polaroid: SX-70#4, OneStep#4; 0.4 Zenit: E#2, Quarz#6;
      1.5 Rolleiflex: 3.5F#3, T#3; 0.8 Bolex: H16#6`,
    materials: 'chrome|chromed; 1.1 lacquer|lacquered; leatherette|leather covered; 1.2 brass',
    styles: 'vintage|retro; mechanical|manual; compact|small; professional|pro; collectable|collectible',
    accessories: 'leather case; lens cap; flash unit; instruction book; light meter; neck strap',
    details: `
      tested {2019-2025}; serial {ref}; new light seals; {6-30} exposures run; made {1950-1995};
      overhauled {1998-2025}`,
  }),
  category('Guitars', {
    forms: 'guitar|axe|six string',
    price: 420,
    spread: 0.4,
    margin: 0.26,
    kinds: `
      electric guitar|solid body guitar; 0.8 acoustic guitar|folk guitar; 1.1 bass guitar|electric bass;
      0.5 classical guitar|spanish guitar; 0.4 ukulele|uke; 1.3 hollow body guitar|archtop`,
    brands: `
      1.3 Fender: Stratocaster#1, Telecaster#1, Precision#3; 2 Gibson: Les Paul#1, SG#1, ES-335#6,
      J-45#2; 0.4 Squier: Affinity#1, Bronco#3; 0.5 Epiphone: Casino#6, Dove#2; 2.2 Martin: D-28#2,
      000-15#2, T1K#5; 0.6 Yamaha: FG180#2, Pacifica#1, C40#4; 0.8 Ibanez: RG550#1, Artcore#6;
      1.6 Rickenbacker: 330#6, 4003#3; 0.7 Hofner: Violin#3, Club#6; 0.9 Alhambra: 4P#4;
      0.3 Kala: Soprano#5, Concert#5`,
    materials: 'maple|flame maple; 1.2 mahogany; 1.5 rosewood; spruce|cedar; 0.8 alder|basswood',
    styles: 'vintage|retro; left handed|lefty; relic|road worn; 1.2 custom|custom shop; student|beginner',
    accessories: 'hard case; set of tuners; pickup; set of strings; gig bag; scratchplate',
    details: `
      built {1955-2022}; serial {ref}; refretted {1990-2025}; {19-24} frets; setup {2020-2025};
      {18-42} hg`,
  }),
  category('Bicycles', {
    forms: 'bicycle|bike|cycle',
    price: 380,
    spread: 0.4,
    margin: 0.24,
    kinds: `
      road bike|racing bicycle|racer; 1.1 mountain bike|mtb; 0.9 touring bike|tourer;
      0.7 city bike|commuter bike|town bike; 0.8 folding bike|folder; 1.2 track bike|fixed gear|fixie`,
    brands: `
      2.2 Colnago: Master#1, Super#1, Pista#6; 1.6 Bianchi: Specialissima#1, Pista#6, Methanol#2;
      1.2 Brompton: M6L#5, S2L#5; 0.6 Raleigh: Chopper#4, Record#1, Twenty#5; 0.8 Peugeot: PX10#1,
      Carbolite#3; 1.4 Cinelli: Laser#6, Supercorsa#1; 1.1 Trek: 520#3, Madone#1, Fuel#2;
      Specialized: Stumpjumper#2, Allez#1, Langster#6; 0.7 Dawes: Galaxy#3, Kingpin#5;
      0.8 Gazelle: Toer#4`,
    materials: `
      steel|reynolds steel; 0.9 aluminium|aluminum|alloy; 1.8 carbon|carbon fibre; 2 titanium;
      1.1 chrome|chromed`,
    styles: 'vintage|retro; classic|heritage; ladies|step through; lightweight|light; restored|rebuilt',
    accessories: 'pair of pedals; saddle; handlebar bag; wheelset; front light; bell',
    details: `
      {48-63} cm frame; frame number {ref}; built {1955-2022}; new tyres {2018-2025}; {3-27} speed;
      one owner since {1960-2022}`,
  }),
  category('Hi-fi', {
    forms: 'hifi|hi fi|stereo|audio',
    price: 230,
    spread: 0.45,
    margin: 0.3,
    kinds: `
      turntable|record player|deck; 1.1 amplifier|amp|receiver; 1.2 speakers|loudspeakers;
      0.5 headphones|cans|headset; 0.6 cassette player|tape deck; 0.9 reel to reel|tape recorder;
      0.7 radio|tuner|wireless`,
    brands: `
      1.4 Technics: SL-1200#1, SU-V2#2, SL-10#1; 1.8 Linn: Sondek#1, Kan#3; 1.2 Bang Olufsen: Beogram#1,
      Beomaster#2, Beolit#7; 0.7 Sony: Walkman#5, TC-377#6, MDR#4; 0.9 Pioneer: SX-780#2, PL-12D#1;
      2.5 McIntosh: MC275#2, MR78#7; 1.1 Quad: 33#2, ESL57#3; 0.8 Wharfedale: Linton#3, Denton#3;
      0.6 Sennheiser: HD25#4, HD414#4; 1.2 Revox: A77#6, B215#5; 0.6 Roberts: R200#7`,
    materials: `
      walnut veneer|wood veneer; aluminium|aluminum; 0.8 plastic|bakelite; 1.2 teak;
      1.1 brushed steel|steel`,
    styles: 'vintage|retro; valve|tube; portable|compact; studio|monitor; audiophile|reference',
    accessories: 'stylus; remote control; dust cover; power cable; owner manual; drive belt',
    details: `
      serviced {1995-2025}; serial {ref}; made {1958-2015}; {8-120} W; recapped {2005-2025};
      bought {1960-2020}`,
  }),
  category('Toys', {
    forms: 'toy|toys|plaything',
    price: 55,
    spread: 0.55,
    margin: 0.45,
    kinds: `
      1.3 train set|model railway; toy car|model car; 0.9 teddy bear|soft bear|plush bear;
      1.1 doll|dolly; 0.8 board game|family game; 1.4 construction set|building set|bricks;
      1.2 robot|android`,
    brands: `
      Lego: Castle#6, Space#6, Technic#6; 1.3 Hornby: Dublo#1, Flying Scotsman#1; 1.5 Steiff: Classic#3,
      Jackie#3; 0.7 Matchbox: Lesney#2, Superfast#2; 0.9 Dinky: Supertoys#2, Speedwheels#2;
      1.8 Marklin: HO#1, Metall#6; 0.6 Barbie: Twist#4, Malibu#4; 0.9 Yonezawa: Mr Mercury#7, Talking#7;
      0.5 Waddingtons: Cluedo#5, Monopoly#5; 0.8 Meccano: No 4#6, Elektron#7`,
    materials: 'tinplate|tin; 0.8 plastic; wood|wooden; 1.2 felt|cloth; 1.1 diecast|cast metal',
    styles: `
      vintage|retro; boxed|mint boxed; clockwork|wind up; limited|limited edition;
      collectable|collectible`,
    accessories: 'empty box; display case; replacement key; instruction book; spare part',
    details: `
      number {ref}; made {1948-2010}; {4-900} pieces; complete; {6-60} cm long; first sold {1950-2005}`,
  }),
]
