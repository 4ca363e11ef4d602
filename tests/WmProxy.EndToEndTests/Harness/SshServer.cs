using System;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>OpenSSH's server in the foreground, with keys of its own; it lets in whoever runs the test, by key.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    private readonly ToolProcess _process;
    private readonly TempDirectory _folder;

    private SshServer(ToolProcess process, TempDirectory folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    public static async Task<SshServer> StartAsync()
    {
        var sshd = ExternalTool.Require("sshd", "openssh-server");
        var keygen = ExternalTool.Require("ssh-keygen", "openssh-client");
        var folder = new TempDirectory();
        var port = FreePort.Next();
        foreach (var name in (string[])["host", "user"])
        {
            var made = await keygen.RunAsync(["-q", "-t", "ed25519", "-N", "", "-f", folder.Combine(name)]);
            Assert.True(made.ExitCode == 0, made.ToString());
        }

        if (Environment.IsPrivilegedProcess)
        {
            // Debian's service makes it at start; without it no connection is taken.
            System.IO.Directory.CreateDirectory("/run/sshd");
        }

        var hostKey = (await System.IO.File.ReadAllTextAsync(folder.Combine("host.pub"))).Trim();
        folder.Write("known_hosts", $"[127.0.0.1]:{port} {hostKey}\n");
        var config = folder.Write("sshd_config", $"""
            ListenAddress 127.0.0.1:{port}
            HostKey {folder.Path}/host
            PidFile none
            AuthorizedKeysFile {folder.Path}/user.pub
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin prohibit-password
            LogLevel INFO
            """);
        var process = await sshd.StartAsync(["-D", "-e", "-f", config], folder.Path, "Server listening on ");
        return new SshServer(process, folder, port);
    }

    /// <summary>Sends a file to it and writes what it sends back, at the same time, into another.</summary>
    /// <param name="proxyCommand">How the client reaches it.</param>
    /// <param name="sent">The file to send.</param>
    /// <param name="received">The file for what comes back.</param>
    public Task<ToolResult> EchoAsync(string proxyCommand, string sent, string received)
    {
        // A shell for the redirections: the files must not go through the test's own process.
        const string Script = """sent=$1 received=$2; shift 2; exec "$@" < "$sent" > "$received" """;
        string[] client = [
            ExternalTool.Require("ssh", "openssh-client").Path, "-F", "none", "-T", "-p", $"{Port}", "-i", _folder.Combine("user"),
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", $"UserKnownHostsFile={_folder.Combine("known_hosts")}",
            "-o", $"ProxyCommand={proxyCommand}", $"{Environment.UserName}@127.0.0.1", "cat"];
        return ExternalTool.At("/bin/sh").RunAsync(["-c", Script, "sh", sent, received, .. client]);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
