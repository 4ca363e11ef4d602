using System;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>nginx as an HTTP backend, in the foreground, in a folder of its own.</summary>
internal sealed class NginxServer : IAsyncDisposable
{
    private readonly ToolProcess _process;
    private readonly TempDirectory _folder;

    private NginxServer(ToolProcess process, TempDirectory folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <param name="listenOptions">What follows the address in <c>listen</c>, for example <c>proxy_protocol</c>.</param>
    /// <param name="server">The rest of the <c>server</c> block.</param>
    public static async Task<NginxServer> StartAsync(string listenOptions, string server)
    {
        var nginx = ExternalTool.Require("nginx", "nginx");
        var folder = new TempDirectory();
        var port = FreePort.Next();
        var user = System.Environment.IsPrivilegedProcess ? "user root;" : "";
        var config = folder.Write("nginx.conf", $$"""
            {{user}}
            daemon off;
            worker_processes 1;
            pid {{folder.Path}}/nginx.pid;
            error_log stderr notice;
            events { worker_connections 512; }
            http {
              access_log off;
              client_body_temp_path {{folder.Path}}/body;
              proxy_temp_path {{folder.Path}}/proxy;
              fastcgi_temp_path {{folder.Path}}/fastcgi;
              uwsgi_temp_path {{folder.Path}}/uwsgi;
              scgi_temp_path {{folder.Path}}/scgi;
              server { listen 127.0.0.1:{{port}} {{listenOptions}}; root {{folder.Path}}/www; {{server}} }
            }
            """);
        folder.Write("www/index.html", "nginx\n");

        // The sockets listen before the workers are started.
        var process = await nginx.StartAsync(["-e", "stderr", "-p", folder.Path, "-c", config], folder.Path, "start worker process ");
        return new NginxServer(process, folder, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
