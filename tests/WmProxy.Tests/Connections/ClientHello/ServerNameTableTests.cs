using System;
using System.Linq;
using WmProxy.Configuration;
using WmProxy.Connections.ClientHello;

namespace WmProxy.Tests.Connections.ClientHello;

public sealed class ServerNameTableTests
{
    private static readonly ServerNameTable<string> Table = Create(
        ("exact", "shop.example", ""),
        ("wild", "*.shop.example", ""),
        ("deep", "*.eu.shop.example", ""),
        ("api", "api.shop.example", ""),
        ("api-h2", "api.shop.example", "h2"),
        ("mail", "mail.example", "imap,pop3"),
        ("wild-mail", "*.example", "imap"),
        ("any-ssh", "", "ssh"),
        ("rest", "", ""));

    [Theory]
    [InlineData("shop.example", "", "exact")]
    [InlineData("www.shop.example", "", "wild")]
    [InlineData("a.b.c.shop.example", "", "wild")]
    [InlineData("eu.shop.example", "", "wild")]
    [InlineData("de.eu.shop.example", "", "deep")]
    [InlineData("a.de.eu.shop.example", "h2", "deep")]
    [InlineData("xshop.example", "", "rest")]
    [InlineData("example", "", "rest")]
    [InlineData("other.test", "", "rest")]
    [InlineData(null, "", "rest")]
    [InlineData(null, "h2", "rest")]
    [InlineData("api.shop.example", "", "api")]
    [InlineData("api.shop.example", "http/1.1", "api")]
    [InlineData("api.shop.example", "h2", "api-h2")]
    [InlineData("api.shop.example", "http/1.1,h2", "api-h2")]
    [InlineData("mail.example", "imap", "mail")]
    [InlineData("mail.example", "pop3", "mail")]
    [InlineData("mail.example", "h2", "rest")]
    [InlineData("mail.example", "", "rest")]
    [InlineData("a.b.example", "imap", "wild-mail")]
    [InlineData("a.b.example", "H2,IMAP", "rest")]
    [InlineData("other.test", "ssh", "any-ssh")]
    [InlineData(null, "h2,ssh", "any-ssh")]
    [InlineData("shop.example", "ssh", "exact")]
    public void TryFind_MostSpecificNameThenProtocol_Wins(string? name, string protocols, string expected)
    {
        Assert.True(Table.TryFind(name, Split(protocols), out var value));
        Assert.Equal(expected, value);
        Assert.Empty(Table.Conflicts);
    }

    [Theory]
    [InlineData("h2,http/1.1", "two")]
    [InlineData("http/1.1,h2", "one")]
    public void TryFind_SeveralProtocolsMatch_TheClientsOrderDecides(string offered, string expected)
    {
        var table = Create(("one", "a.example", "http/1.1"), ("two", "a.example", "h2"));
        Assert.True(table.TryFind("a.example", Split(offered), out var value));
        Assert.Equal(expected, value);
    }

    [Fact]
    public void TryFind_NoFallback_FindsNothing()
    {
        var table = Create(("a", "a.example", ""));
        Assert.False(table.TryFind("b.example", [], out _));
        Assert.False(table.TryFind("x.a.example", [], out _));
        Assert.False(table.TryFind(null, [], out _));
    }

    [Theory]
    [InlineData("SHOP.Example.", "shop.example")]
    [InlineData("*.SHOP.example", "a.shop.example")]
    [InlineData("b\u00FCcher.example", "xn--bcher-kva.example")]
    [InlineData("*.b\u00FCcher.example", "a.xn--bcher-kva.example")]
    public void TryFind_PatternWrittenDifferently_Matches(string pattern, string name) =>
        Assert.True(Create(("x", pattern, "")).TryFind(name, [], out _));

    [Theory]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("")]
    [InlineData("a.*.b")]
    [InlineData("*a.b")]
    [InlineData("a b")]
    [InlineData("192.0.2.1")]
    [InlineData("::1")]
    [InlineData("*.*.a")]
    public void Constructor_NotAPattern_Throws(string pattern)
    {
        Assert.False(ServerName.TryParsePattern(pattern, out _, out _));
        Assert.Throws<ArgumentException>(() => new ServerNameTable<int>([(new StreamMatchConfig { ServerNames = [pattern] }, 1)]));
    }

    [Fact]
    public void Conflicts_SameNameAndProtocol_AreToldAndTheFirstWins()
    {
        var table = Create(
            ("a", "x.example", "h2"),
            ("b", "X.example", "h2"),
            ("c", "*.example", ""),
            ("d", "*.example", ""),
            ("e", "", ""),
            ("f", "", ""));

        Assert.Equal(
            [new("X.example", "h2", "a", "b"), new("*.example", null, "c", "d"), new ServerNameConflict<string>(null, null, "e", "f")],
            table.Conflicts);
        Assert.True(table.TryFind("x.example", ["h2"], out var value));
        Assert.Equal("a", value);
    }

    [Fact]
    public void TryFind_AnyName_DoesNotAllocate()
    {
        string[] protocols = ["http/1.1", "h2"];
        string[] names = ["api.shop.example", "a.b.c.shop.example", "other.test"];
        var found = 0;
        long before = 0;
        for (var i = 0; i < 3000; i++)
        {
            before = i == 1500 ? GC.GetAllocatedBytesForCurrentThread() : before;
            found += Table.TryFind(names[i % 3], protocols, out _) ? 1 : 0;
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(3000, found);
    }

    private static ServerNameTable<string> Create(params (string Value, string Name, string Protocols)[] entries) =>
        new(entries.Select(entry => (Match(entry.Name, entry.Protocols), entry.Value)));

    private static StreamMatchConfig? Match(string name, string protocols) => name.Length == 0 && protocols.Length == 0
        ? null
        : new StreamMatchConfig { ServerNames = Split(name).ToEquatableArray(), AlpnProtocols = Split(protocols).ToEquatableArray() };

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
