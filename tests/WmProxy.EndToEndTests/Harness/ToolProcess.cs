using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>A program that runs beside the test: its output is kept, and it is killed with its children on dispose.</summary>
internal sealed class ToolProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ToolProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Standard output and standard error, line by line.</summary>
    public OutputLog Output { get; } = new();

    public static ToolProcess Start(string path, IEnumerable<string> arguments, string workingDirectory, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var tool = new ToolProcess(new Process { StartInfo = start });
        var openStreams = 2;
        void OnLine(object sender, DataReceivedEventArgs e)
        {
            if (e.Data is { } line)
            {
                tool.Output.Append(line);
            }
            else if (System.Threading.Interlocked.Decrement(ref openStreams) == 0)
            {
                tool.Output.Complete();
            }
        }

        tool._process.OutputDataReceived += OnLine;
        tool._process.ErrorDataReceived += OnLine;
        tool._process.Start();
        tool._process.StandardInput.Close();
        tool._process.BeginOutputReadLine();
        tool._process.BeginErrorReadLine();
        return tool;
    }

    /// <summary>Waits for a line of its output.</summary>
    public Task<Match> WaitForAsync(string pattern, int from = 0) => Output.WaitForAsync(new Regex(pattern), from);

    /// <summary>Waits for the process to end by itself.</summary>
    public async Task<int> ExitAsync(TimeSpan? deadline = null)
    {
        await _process.WaitForExitAsync().Within(deadline, $"the end of {_process.StartInfo.FileName}; so far:\n{Output}");
        return _process.ExitCode;
    }

    public void Send(int signal) => Signal.Send(_process.Id, signal);

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        await _process.WaitForExitAsync().Within();
        _process.Dispose();
    }
}
