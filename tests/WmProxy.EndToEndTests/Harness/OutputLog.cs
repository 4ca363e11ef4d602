using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>The lines that a process has printed so far, to be awaited.</summary>
internal sealed class OutputLog
{
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _complete;

    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join('\n', _lines);
        }
    }

    public void Append(string line) => Change(() => _lines.Add(line));

    /// <summary>Nothing more will come.</summary>
    public void Complete() => Change(() => _complete = true);

    /// <summary>How many lines were printed so far.</summary>
    public int Length
    {
        get
        {
            lock (_lock)
            {
                return _lines.Count;
            }
        }
    }

    /// <summary>How many of the lines printed so far match.</summary>
    public int Count(Regex pattern)
    {
        lock (_lock)
        {
            return _lines.Count(line => pattern.IsMatch(line));
        }
    }

    /// <summary>Waits for a line that matches, also among those already printed.</summary>
    /// <param name="pattern">What the line is to have.</param>
    /// <param name="from">How many lines at the beginning do not count, as <see cref="Length"/> said before.</param>
    public async Task<Match> WaitForAsync(Regex pattern, int from = 0)
    {
        using var deadline = new CancellationTokenSource(Deadline.Default);
        for (var seen = from; ;)
        {
            Task changed;
            bool complete;
            lock (_lock)
            {
                foreach (var match in _lines.Skip(seen).Select(line => pattern.Match(line)))
                {
                    if (match.Success)
                    {
                        return match;
                    }
                }

                seen = _lines.Count;
                complete = _complete;
                changed = _changed.Task;
            }

            if (complete)
            {
                throw new InvalidOperationException($"The process ended without printing {pattern}:\n{this}");
            }

            try
            {
                await changed.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Not within {Deadline.Default}: {pattern} in\n{this}");
            }
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            change();
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
