using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

public sealed class ReloadTests
{
    [Fact]
    public async Task Save_StreamAdded_ListensAndKeepsOpenConnections()
    {
        await using var echo = new EchoServer();
        using var folder = new TempDirectory();
        await using var proxy = await WmProxyProcess.StartAsync(Config(echo.Address, ""), folder);
        using var open = await proxy.ConnectAsync("127.0.0.2");
        await AssertEchoesAsync(open);

        folder.Replace("appsettings.json", Config(echo.Address, $$""", "more": { "Listen": "tcp://127.0.0.3:0", "To": "{{echo.Address}}" }"""));
        var added = await proxy.WaitForListenerAsync("127.0.0.3", "[1-9][0-9]*");

        await AssertEchoesAsync(open);
        using var second = await RawClient.ConnectAsync($"tcp://127.0.0.3:{added.Groups["port"].Value}");
        await AssertEchoesAsync(second);
        using var third = await proxy.ConnectAsync("127.0.0.2");
        await AssertEchoesAsync(third);
    }

    [Fact]
    public async Task Save_BadFile_IsReportedAndChangesNothing()
    {
        await using var echo = new EchoServer();
        using var folder = new TempDirectory();
        await using var proxy = await WmProxyProcess.StartAsync(Config(echo.Address, ""), folder);
        using var open = await proxy.ConnectAsync("127.0.0.2");

        folder.Replace("appsettings.json", Config(echo.Address, """, "more": { "Lisen": "tcp://127.0.0.3:0", "To": "tcp://127.0.0.1:1" }"""));
        await proxy.Process.WaitForAsync("WmProxy:Streams:more:Lisen");

        await AssertEchoesAsync(open);
        using var second = await proxy.ConnectAsync("127.0.0.2");
        await AssertEchoesAsync(second);
    }

    private static async Task AssertEchoesAsync(RawConnection connection)
    {
        await connection.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await connection.ReadExactlyAsync(4));
    }

    private static string Config(string destination, string more) => $$"""
        { "WmProxy": { "Streams": { "echo": { "Listen": "tcp://127.0.0.2:0", "To": "{{destination}}" }{{more}} } } }
        """;
}
