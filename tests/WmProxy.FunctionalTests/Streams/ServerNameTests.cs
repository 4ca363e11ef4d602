using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

/// <summary>Several streams on one port, told apart by what the ClientHello says.</summary>
public class ServerNameTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, ScriptedPeer> _servers = [];
    private readonly int _port = FreePort.Next();
    private ProxyHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        foreach (var name in new[] { "exact", "wild", "alpn", "rest" })
        {
            _servers[name] = new ScriptedPeer(script => script.Write(name + "\n").Stall());
        }

        _host = await ProxyHost.StartAsync(
            $$"""
            { "WmProxy": { "Streams": {
              {{Stream("exact", """ "Match": { "ServerNames": [ "a.shop.example" ] } """)}},
              {{Stream("wild", """ "Match": { "ServerNames": [ "*.shop.example" ] } """)}},
              {{Stream("alpn", """ "Match": { "AlpnProtocols": [ "acme-tls/1" ] } """)}},
              {{Stream("rest", """ "AccessLog": false """)}} } } }
            """,
            timeProvider: _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("a.shop.example", null, "exact")]
    [InlineData("A.Shop.Example", null, "exact")]
    [InlineData("b.shop.example", null, "wild")]
    [InlineData("c.b.shop.example", null, "wild")]
    [InlineData("shop.example", null, "rest")]
    [InlineData("other.example", null, "rest")]
    [InlineData("other.example", "acme-tls/1", "alpn")]
    [InlineData("other.example", "h2", "rest")]
    public async Task ClientHello_GoesToTheMostSpecificStream_Unchanged(string serverName, string? protocol, string expected)
    {
        var hello = await Hello.CaptureAsync(serverName, protocol is null ? [] : [protocol]);
        using var client = await RawClient.ConnectAsync(_port);

        await client.SendAsync(hello);

        Assert.Equal(expected + "\n", await client.ReadUntilAsync("\n"));
        var server = await _servers[expected].AcceptedAsync();
        Assert.Equal(hello, await server.ReadExactlyAsync(hello.Length));
    }

    [Fact]
    public async Task ClientHello_ByteByByte_IsReadAsAWhole()
    {
        var hello = await Hello.CaptureAsync("a.shop.example");
        using var client = await RawClient.ConnectAsync(_port);

        await client.DribbleAsync(hello);

        Assert.Equal("exact\n", await client.ReadUntilAsync("\n"));
        var server = await _servers["exact"].AcceptedAsync();
        Assert.Equal(hello, await server.ReadExactlyAsync(hello.Length));
    }

    [Fact]
    public async Task PlainBytes_GoToTheStreamWithoutMatch()
    {
        using var client = await RawClient.ConnectAsync(_port);

        await client.SendAsync("SSH-2.0-x\r\n");

        Assert.Equal("rest\n", await client.ReadUntilAsync("\n"));
        Assert.Equal("SSH-2.0-x\r\n"u8.ToArray(), await (await _servers["rest"].AcceptedAsync()).ReadExactlyAsync(11));
    }

    [Fact]
    public async Task Silence_IsAProtocolInWhichTheServerSpeaksFirst()
    {
        using var client = await RawClient.ConnectAsync(_port);

        var (line, elapsed) = await _time.AdvanceUntilAsync(client.ReadUntilAsync("\n"));

        Assert.Equal("rest\n", line);
        Assert.InRange(elapsed, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(9));
    }

    private string Stream(string name, string settings) =>
        $$""" "{{name}}": { "Listen": "tcp://127.0.0.1:{{_port}}", "To": "{{_servers[name].Address}}", {{settings}} } """;
}
