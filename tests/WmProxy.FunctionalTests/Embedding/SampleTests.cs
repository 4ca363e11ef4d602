using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Reflection;
using System.Text;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Embedding;

/// <summary>The sample, as its user starts it, but for the ports.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task Embedded_Started_ServesItsOwnEndpointAndEverythingElse()
    {
        var (web, tcp) = (FreePort.Next(), FreePort.Next());
        var output = new StringBuilder();
        using var process = Start(
            output,
            $"--urls=http://127.0.0.1:{web}",
            $"--ReverseProxy:Clusters:self:Destinations:here:Address=http://127.0.0.1:{web}/",
            $"--WmProxy:Streams:tcp:Listen=tcp://127.0.0.1:{tcp}",
            $"--WmProxy:Streams:tcp:To=tcp://127.0.0.1:{web}");
        try
        {
            using var http = new HttpClient { Timeout = Deadline.Default };
            await Deadline.PollAsync(async () => process.HasExited || !await RawClient.IsRefusedAsync(new IPEndPoint(IPAddress.Loopback, tcp)));
            Assert.False(process.HasExited, output.ToString());

            Assert.Equal("200 Hello from the application itself\n", await http.GetTextAsync($"http://127.0.0.1:{web}/hello"));
            Assert.Equal("200 Hello from the application itself\n", await http.GetTextAsync($"http://127.0.0.1:{web}/proxied/hello"));
            Assert.Equal("200 User-agent: *\n", await http.GetTextAsync($"http://127.0.0.1:{web}/robots.txt"));
            Assert.Equal("200 Hello from the application itself\n", await http.GetTextAsync($"http://127.0.0.1:{tcp}/hello"));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync().Within();
        }
    }

    private static Process Start(StringBuilder output, params string[] arguments)
    {
        var folder = Path.Combine(Metadata("Samples"), "Embedded");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "bin", Metadata("Configuration"), "net10.0", "Embedded.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Keep(object sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }
        }
    }

    private static string Metadata(string key) =>
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value
        ?? throw new InvalidOperationException($"The build says nothing of {key}.");
}
