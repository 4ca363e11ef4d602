using System;
using System.Net.Security;
using System.Security.Cryptography;
using System.Threading.Tasks;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Clusters;

/// <summary>Streams whose clusters are reached <c>Via</c> parent proxies.</summary>
public class ParentClusterTests
{
    private const int Length = 8_000_000;

    [Theory]
    [InlineData("socks5")]
    [InlineData("http+connect")]
    public async Task Via_OneParent_CarriesEveryByteAndBothEnds(string scheme)
    {
        await using var echo = new EchoServer();
        await using var parent = ParentServer.Start(scheme);
        await using var host = await StartAsync(echo.Address, Cluster("p", "", parent.ParentAddress));

        await EchoAsync(host);
        Assert.Equal([$"127.0.0.1:{echo.Port}"], parent.Requests);
    }

    [Fact]
    public async Task Via_ChainWithTlsInTheMiddle_CarriesEveryByteAndBothEnds()
    {
        using var certificates = new TestCertificates();
        using var issued = certificates.IssueServer(["anything.example"]);
        await using var echo = new EchoServer();
        await using var first = ParentServer.Start("socks5");
        await using var second = ParentServer.Start("https+connect", new SslServerAuthenticationOptions { ServerCertificate = issued });
        await using var third = ParentServer.Start("socks5");
        await using var host = await StartAsync(
            echo.Address,
            Cluster("p", "\"Via\": \"q\"", third.ParentAddress),
            Cluster("q", $"\"Via\": \"r\", \"Tls.Fingerprint\": \"{Convert.ToHexString(issued.GetCertHash(HashAlgorithmName.SHA256))}\"", second.ParentAddress),
            Cluster("r", "", first.ParentAddress));

        await EchoAsync(host);
        Assert.Equal([$"127.0.0.1:{second.Port}"], first.Requests);
        Assert.Equal([$"127.0.0.1:{third.Port}"], second.Requests);
        Assert.Equal([$"127.0.0.1:{echo.Port}"], third.Requests);
    }

    [Theory]
    [InlineData("socks5")]
    [InlineData("http+connect")]
    public async Task Via_TargetThatSpeaksFirst_IsHeardWithTheParentsAnswer(string scheme)
    {
        // In one segment: the answer, and what the target said before anybody asked.
        await using var parent = new ScriptedPeer(script => _ = scheme == "socks5"
            ? script.Read(3).Write([5, 0]).Read(10).Write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. "SSH-2.0-x\r\n"u8]).ReadUntil("bye").Write("seen").HalfClose().ReadToEnd()
            : script.ReadUntil("\r\n\r\n").Write("HTTP/1.1 200 OK\r\nA: b\r\n\r\nSSH-2.0-x\r\n").ReadUntil("bye").Write("seen").HalfClose().ReadToEnd());
        await using var host = await StartAsync("tcp://192.0.2.1:22", Cluster("p", "", $"{scheme}://{parent.EndPoint}"));
        using var client = await host.ConnectAsync("s");

        Assert.Equal("SSH-2.0-x\r\n", await client.ReadUntilAsync("\n"));
        await client.SendAsync("bye");
        var rest = await client.ReadToEndAsync();
        Assert.Equal("seen", rest.Text);
        Assert.Equal(ReadEnd.Fin, rest.End);
    }

    [Fact]
    public async Task Via_ParentThatResets_IsAResetForTheClient()
    {
        await using var parent = new ScriptedPeer(script => script.Read(3).Write([5, 0]).Read(10).Write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).Read(5).Write("half").Reset());
        await using var host = await StartAsync("tcp://192.0.2.1:22", Cluster("p", "", $"socks5://{parent.EndPoint}"));
        using var client = await host.ConnectAsync("s");

        await client.SendAsync("hello");
        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
    }

    [Fact]
    public async Task Via_TargetThatRefuses_IsAResetWithTheReasonRecorded()
    {
        await using var parent = ParentServer.Start("socks5");
        await using var host = await StartAsync($"tcp://127.0.0.1:{FreePort.Next()}", Cluster("p", "", parent.ParentAddress));
        using var records = new ConnectionRecords(host);

        Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("s"));
        Assert.Equal("ConnectFailed", (await records.NextAsync()).Reason);
        Assert.Single(parent.Requests);
    }

    [Fact]
    public async Task Reload_Circle_IsRefusedWithTheKeyPath()
    {
        await using var echo = new EchoServer();
        await using var parent = ParentServer.Start("socks5");
        await using var host = await StartAsync(echo.Address, Cluster("p", "", parent.ParentAddress));

        var result = await host.ReloadAsync(Config(echo.Address, Cluster("p", "\"Via\": \"q\"", parent.ParentAddress), Cluster("q", "\"Via\": \"p\"", parent.ParentAddress)));

        Assert.Contains(result.Errors, error => error.Path == "ReverseProxy:Clusters:p:Metadata:Via" && error.Message == "leads in a circle: p → q → p");
        await EchoAsync(host);
    }

    private static async Task EchoAsync(ProxyHost host)
    {
        using var client = await host.ConnectAsync("s");
        var receiving = client.DrainAsync();
        await client.SendTestDataAsync(Length);
        client.HalfClose();
        Assert.Equal(TransferResult.Complete(Length), await receiving);
    }

    private static string Cluster(string id, string metadata, string address) =>
        $$""" "{{id}}": { "Metadata": { {{metadata}} }, "Destinations": { "d": { "Address": "{{address}}" } } } """;

    /// <summary>A stream to <paramref name="address"/> via the cluster <c>p</c>.</summary>
    private static string Config(string address, params string[] clusters) =>
        $$"""
        {
          "ReverseProxy": { "Clusters": { {{string.Join(", ", [Cluster("c", "\"Via\": \"p\"", address), .. clusters])}} } },
          "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "c" } } }
        }
        """;

    private static Task<ProxyHost> StartAsync(string address, params string[] clusters) => ProxyHost.StartAsync(Config(address, clusters));
}
