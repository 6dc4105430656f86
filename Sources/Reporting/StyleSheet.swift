/// The look of the page and of its drawings: one sheet, light and dark, no fonts to fetch.
enum StyleSheet {
  /// Colours by role. Series colours follow Okabe and Ito (2008), darkened on light paper and
  /// lightened on dark so that thin lines keep their contrast.
  static let variables = """
    :root{color-scheme:light dark;--paper:#fcfbf8;--panel:#fff;--ink:#1f2023;--soft:#5c5f66;\
    --rule:#dcd8d0;--faint:#ece9e3;--wash:#f4f1eb;--link:#1f5582;--warn:#8a4b00;--warnwash:#fff6e5;\
    --s0:#0068a8;--s1:#c44e00;--s2:#00805d;--s3:#a8508a;--s4:#9a6a00;--s5:#4b4f57}
    @media (prefers-color-scheme:dark){:root{--paper:#15171a;--panel:#1b1e22;--ink:#e8e5df;\
    --soft:#a3a5aa;--rule:#3a3d43;--faint:#292c31;--wash:#202328;--link:#8dbbe6;--warn:#f0b45a;\
    --warnwash:#2b2418;--s0:#5fb4ee;--s1:#f58a4b;--s2:#3cc79c;--s3:#dc92c0;--s4:#e3b341;\
    --s5:#b3b6bd}}

    """

  /// Everything inside drawings.
  static let drawing = """
    .plot{font-family:system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;\
    font-variant-numeric:tabular-nums;background:var(--panel)}
    .plot text{fill:var(--ink)}.plot .heading{font-size:12.5px;font-weight:600}
    .plot .label{font-size:11.5px;fill:var(--soft)}.plot .tick{font-size:11px;fill:var(--soft)}
    .plot .small{font-size:10px;fill:var(--soft)}.plot .italic{font-style:italic}
    .plot .grid{stroke:var(--faint);stroke-width:1}.plot .axis{stroke:var(--soft);stroke-width:1}
    .plot .zero{stroke:var(--ink);stroke-width:1}.plot .margin{fill:var(--s2);opacity:.13}
    .s0{color:var(--s0)}.s1{color:var(--s1)}.s2{color:var(--s2)}.s3{color:var(--s3)}\
    .s4{color:var(--s4)}.s5{color:var(--s5)}
    .plot .line{stroke:currentColor;stroke-width:1.8;fill:none;stroke-linejoin:round}
    .plot .line.s1{stroke-dasharray:7 3}.plot .line.s2{stroke-dasharray:2 3}\
    .plot .line.s3{stroke-dasharray:9 3 2 3}.plot .line.s4{stroke-dasharray:4 2}\
    .plot .line.s5{stroke-dasharray:1 2}
    .plot .dot{fill:currentColor;stroke:var(--panel);stroke-width:1}
    .plot .replicate{fill:none;stroke:currentColor;stroke-width:.9;opacity:.6}
    .plot .bar{stroke:currentColor;stroke-width:1.5}
    .plot .run{stroke:currentColor;stroke-width:1.1;fill:none;opacity:.6;stroke-linejoin:round}
    .plot .interval{stroke:var(--ink);stroke-width:1.4}
    .plot .unbounded{stroke-dasharray:2 4;opacity:.7}
    .plot .pair{fill:none;stroke:var(--soft);stroke-width:.9}
    .plot .found{fill:var(--ink);stroke:var(--ink);stroke-width:1.4}
    .plot .open{fill:var(--panel);stroke:var(--ink);stroke-width:1.4}

    """

  /// The page around them.
  static let page = """
    *{box-sizing:border-box}
    html{background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%}
    body{margin:0 auto;max-width:66rem;padding:3.5rem 1.5rem 6rem;line-height:1.6;\
    font:1.0625rem/1.6 Charter,"Bitstream Charter","Source Serif 4","Iowan Old Style",\
    "Palatino Linotype",Georgia,serif;overflow-wrap:break-word}
    header{border-bottom:1px solid var(--rule);padding-bottom:1.5rem}
    h1,h2,h3{line-height:1.25;font-weight:600;text-wrap:balance}
    h1{font-size:2.1rem;margin:.2rem 0 .6rem}
    h2{font-size:1.4rem;margin:3.6rem 0 .8rem;padding-top:.2rem}
    h3{font-size:1.05rem;margin:2.2rem 0 .8rem}
    p,ul{max-width:44rem;margin:.7rem 0}li{margin:.45rem 0}
    .kicker,nav,.meta,figcaption,caption,table,details,.small-print{\
    font-family:system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    .kicker{font-size:.8rem;letter-spacing:.08em;text-transform:uppercase;color:var(--soft);margin:0}
    .question{font-size:1.25rem;font-style:italic;color:var(--soft);margin:.4rem 0 0}
    .meta{font-size:.82rem;color:var(--soft);margin-top:1.1rem}
    nav{font-size:.85rem;margin-top:1rem;display:flex;flex-wrap:wrap;gap:.35rem 1.1rem}
    a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
    nav a{text-decoration:none}nav a:hover,nav a:focus{text-decoration:underline}
    .answer{font-size:1.28rem;line-height:1.5;max-width:50rem;margin:1.2rem 0;\
    border-left:3px solid var(--s0);padding-left:1.2rem}
    .answer.none{border-left-color:var(--rule)}.answer.powerless{border-left-color:var(--warn)}
    .also{font-size:1rem;max-width:50rem}
    .warnings{background:var(--warnwash);border-left:3px solid var(--warn);\
    padding:.4rem 1.2rem .5rem;margin:1.6rem 0;max-width:50rem}
    .warnings h2{font-size:1.05rem;margin:.5rem 0 .3rem;padding:0}.warnings ul{padding-left:1.1rem}
    .panels{display:grid;gap:1.2rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,28rem),1fr))}
    .panels.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,14rem),1fr))}
    .panels.pictures{grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr))}
    .panels+.panels{margin-top:1.2rem}.key{display:block;max-width:60rem;background:none}
    .panels figure{margin:0;background:var(--panel);border:1px solid var(--rule);border-radius:3px;\
    padding:.8rem}
    .panels.small figure{padding:.45rem}
    .panels svg{display:block;width:100%;height:auto}
    figcaption{font-size:.82rem;color:var(--soft);line-height:1.45;margin-top:.5rem}
    .panels img{display:block;width:100%;height:auto;image-rendering:auto;border-radius:2px}
    .scroll{overflow-x:auto;margin:1.2rem 0 1.8rem}
    table{border-collapse:collapse;font-size:.84rem;line-height:1.4;\
    font-variant-numeric:tabular-nums;min-width:100%}
    caption{text-align:left;color:var(--soft);font-size:.84rem;padding-bottom:.6rem}
    caption b{color:var(--ink);font-weight:600}
    th,td{padding:.38rem .7rem;text-align:left;vertical-align:baseline;\
    border-bottom:1px solid var(--faint)}
    th:first-child,td:first-child{padding-left:0}
    thead th{border-bottom:1px solid var(--soft);font-weight:600;vertical-align:bottom}
    tbody th{font-weight:400}tbody th[scope=rowgroup]{font-weight:600;padding-top:1rem}
    .n{text-align:right;white-space:nowrap}.found td,.found th{font-weight:600}
    tr.found td.soft{font-weight:400}.nowrap{white-space:nowrap}.wrap{min-width:16rem}
    code,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;\
    font-size:.88em}
    details{margin:1rem 0}summary{cursor:pointer;color:var(--link);font-size:.92rem}
    .small-print{font-size:.84rem;color:var(--soft);max-width:50rem}
    footer{margin-top:4rem;border-top:1px solid var(--rule);padding-top:1rem}
    @media print{html{background:#fff}body{max-width:none;padding:0;font-size:10pt}\
    nav{display:none}.scroll{overflow:visible}h2,h3{break-after:avoid}\
    figure,tr,.answer,.warnings{break-inside:avoid}table{font-size:7.5pt}\
    th,td{padding:.2rem .35rem}.panels{grid-template-columns:1fr 1fr}\
    .panels.small{grid-template-columns:1fr 1fr 1fr}}

    """
}
