using System;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;

namespace WmProxy.EndToEndTests.Streams;

public sealed class ProxyProtocolTests
{
    private const string ShowHeader =
        "location / { return 200 \"$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port\\n\"; }";

    [Fact]
    public async Task AcceptV1SendV2_Curl_NginxSeesTheClientOfTheHeader()
    {
        await using var nginx = await NginxServer.StartAsync("proxy_protocol", ShowHeader);
        await using var proxy = await StartProxyAsync(nginx, "127.0.0.0/8");

        // curl says that it is itself the proxied client: its own ends of the connection.
        var result = await Curl.RunAsync("--haproxy-protocol", "-w", "%{local_ip} %{local_port} %{remote_ip} %{remote_port}", $"http://{proxy.Authority("127.0.0.2")}/");

        Assert.True(result.ExitCode == 0, result.ToString());
        var lines = result.Output.Split('\n');
        Assert.Equal(lines[1], lines[0]);
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.7 198.51.100.9 4567 443\r\n", "192.0.2.7 4567 198.51.100.9 443")]
    [InlineData("PROXY TCP6 2001:db8::7 2001:db8::9 4567 443\r\n", "2001:db8::7 4567 2001:db8::9 443")]
    public async Task AcceptV1SendV2_HeaderOfABalancer_GoesOnToNginx(string header, string expected)
    {
        await using var nginx = await NginxServer.StartAsync("proxy_protocol", ShowHeader);
        await using var proxy = await StartProxyAsync(nginx, "127.0.0.0/8");
        using var client = await proxy.ConnectAsync("127.0.0.2");

        await client.SendAsync(header + "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        var reply = await client.ReadToEndAsync();

        Assert.EndsWith($"\r\n\r\n{expected}\n", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AcceptV1_ClientOutsideOfTheListedNetworks_CannotForgeItsAddress()
    {
        await using var nginx = await NginxServer.StartAsync("proxy_protocol", ShowHeader);
        await using var proxy = await StartProxyAsync(nginx, "203.0.113.0/24");
        using var client = await proxy.ConnectAsync("127.0.0.2");

        await client.SendAsync("PROXY TCP4 192.0.2.7 198.51.100.9 4567 443\r\nGET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        var reply = await client.ReadToEndAsync();

        // No header is read from it: the line is payload, and to nginx a malformed request.
        Assert.DoesNotContain("192.0.2.7", reply.Text, StringComparison.Ordinal);
        Assert.Contains("400 Bad Request", reply.Text, StringComparison.Ordinal);
    }

    private static Task<WmProxyProcess> StartProxyAsync(NginxServer nginx, string from) => WmProxyProcess.StartAsync($$"""
        {
          "WmProxy": {
            "Streams": {
              "web": {
                "Listen": "tcp://127.0.0.2:0", "To": "tcp://127.0.0.1:{{nginx.Port}}",
                "ProxyProtocol": { "Accept": { "Versions": [ "V1" ], "From": [ "{{from}}" ] }, "Send": "V2" }
              }
            }
          }
        }
        """);
}
